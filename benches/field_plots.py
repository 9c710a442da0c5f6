#!/usr/bin/env python3
"""Draws the figures of "make field": field_plots.py FILE FOLDER. The same figures give the same bytes.

It takes matplotlib, which scripts/setup field brings: build/venv/plots/bin/python.
"""

import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parent / "build" / "venv" / "plots" / "bin" / "python"

try:
    import matplotlib
except ModuleNotFoundError:
    sys.exit("error: this Python has no matplotlib\nhint: scripts/setup field, then %s" % PYTHON)

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.hashsalt": "rqd", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
})

import matplotlib.pyplot as plt  # noqa: E402

# Ours stand out.
OURS, OTHERS = ("#b7410e", "#e0803a", "#f0b27a"), ("#34495e", "#7f8c8d", "#b2babb", "#d5dbdb")
# A plot: its file, the measurement, the cases side by side, and whether the scale is logarithmic.
BARS = (
    ("drain", "drain", ("1 slot", "2 slots", "4 slots", "8 slots"), True),
    ("sleeping", "efficiency", ("1 ms, 8 slots", "10 ms, 8 slots", "100 ms, 8 slots"), False),
    ("latency-idle", "latency", ("idle p50", "idle p99"), True),
    ("latency-half-load", "latency", ("half load p50", "half load p99"), True),
    ("memory-idle", "memory", ("idle, 1 slot", "idle, 8 slots", "idle, 64 slots"), True),
    ("boot", "boot", ("to the first line of a job",), False),
    ("commands", "commands", ("commands", "requests"), True),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="what field.py has written")
    parser.add_argument("folder", help="where the plots go")
    options = parser.parse_args()
    try:
        measurements = json.loads(pathlib.Path(options.file).read_text())["measurements"]
        folder = pathlib.Path(options.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, measurement, cases, is_logarithmic in BARS:
            sheet = measurements.get(measurement)
            cases = [case for case in cases if sheet and case in sheet["cases"]]
            if cases:
                save(bars(sheet, cases, is_logarithmic), folder / (name + ".svg"))
        if "trace" in measurements:
            save(way(measurements["trace"]), folder / "way.svg")
    except (OSError, ValueError) as error:
        sys.exit("error: %s" % error)


def save(figure, path):
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(figure)
    print(path)


def bars(sheet, cases, is_logarithmic):
    """A row for each contender, and in it a bar for each case, with a line from the least to the most."""
    found = [sheet["cases"][case] for case in cases]
    names = [name for name in dict.fromkeys(name for each in found for name in each) if ":" not in name]
    figure, axes = plt.subplots(figsize=(7, 0.6 + len(names) * (0.16 + 0.14 * len(cases))))
    thickness = 0.8 / len(cases)
    for index, (case, each) in enumerate(zip(cases, found)):
        for row, name in enumerate(names):
            figures = each.get(name, {})
            if "median" not in figures:
                continue
            colour = (OURS if name.startswith("rqd") else OTHERS)[min(index, 2)]
            place, value = row + (index - (len(cases) - 1) / 2) * thickness, figures["median"]
            axes.barh(place, value, thickness * 0.9, color=colour)
            axes.plot([figures["least"], figures["most"]], [place, place], color="black", linewidth=0.8)
            axes.text(max(value, figures["most"]), place, "  %s" % short(value), va="center", fontsize=7)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    if is_logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(sheet["unit"])
    axes.set_title("%s: %s" % (sheet["title"], "; ".join(cases)), fontsize=9, loc="left")
    return figure


def short(value):
    return "{:,.0f}".format(value) if value >= 100 else "%.3g" % value


def way(sheet):
    """The steps of one job after each other."""
    steps = [step for step in sheet["cases"] if step != "in all"]
    names = [name for name, figures in sheet["cases"]["in all"].items() if "median" in figures]
    figure, axes = plt.subplots(figsize=(7, 0.8 + 0.5 * len(names)))
    colours = plt.get_cmap("tab10").colors
    for row, name in enumerate(names):
        begin = 0.0
        for index, step in enumerate(steps):
            value = sheet["cases"][step][name]["median"]
            axes.barh(row, value, 0.7, left=begin, color=colours[index % 10], label=step if row == 0 else None)
            begin += value
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(sheet["unit"])
    axes.set_title(sheet["title"], fontsize=9, loc="left")
    axes.legend(fontsize=7, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.35), frameon=False)
    return figure


if __name__ == "__main__":
    main()
