#!/usr/bin/env python3
"""Prints the figures of "make field" as tables for benches/README.md: field_tables.py FILE [--write].

Contenders are rows and cases are columns, unless there are more cases. Between the markers of the page, --write replaces what stands there.
"""

import argparse
import json
import pathlib
import sys

import field_targets

README = pathlib.Path(__file__).resolve().parent / "README.md"
BEGIN, END = "<!-- field: begin -->", "<!-- field: end -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="what field.py has written")
    parser.add_argument("--write", action="store_true", help="into benches/README.md, between its markers")
    options = parser.parse_args()
    try:
        told = json.loads(pathlib.Path(options.file).read_text())
        text = page(told)
        if options.write:
            replace(text)
    except (OSError, ValueError) as error:
        sys.exit("error: %s" % error)
    if not options.write:
        print(text)


def page(told):
    parts = [machine(told["on"])]
    if told["quick"]:
        parts.append("Made with `--quick`: the figures mean nothing.")
    parts.append(field_targets.table(told["measurements"]))
    parts += [table(each) for each in told["measurements"].values()]
    return "\n\n".join(part for part in parts if part)


def machine(on):
    return "%s, %d CPUs, load %.1f at the start, Linux %s, Python %s, Redis %s, %s." % (
        on["machine"], on["cpus"], on["load"], on["kernel"].split("-")[0], on["python"], on["redis"], on["day"])


def table(sheet):
    cases = sheet["cases"]
    names = list(dict.fromkeys(name for found in cases.values() for name in found))
    title = "%s (%s)" % (sheet["title"], sheet["unit"]) if sheet["unit"] else sheet["title"]
    rows, columns, look = names, list(cases), lambda row, column: cases[column].get(row)
    if len(cases) > len(names):
        rows, columns, look = columns, rows, lambda row, column: cases[row].get(column)
    lines = ["| %s | %s |" % (title, " | ".join(columns)), "| --- |" + " ---: |" * len(columns)]
    lines += ["| %s | %s |" % (row, " | ".join(cell(look(row, column)) for column in columns)) for row in rows]
    for note in sheet["notes"]:
        lines += ["", "%s." % (note[:1].upper() + note[1:])]
    return "\n".join(lines)


def cell(figure):
    """The median; in brackets the least and the most, where there are several."""
    if figure is None:
        return ""
    if "failed" in figure:
        return "failed"
    if figure["rounds"] == 1 or figure["least"] == figure["most"]:
        return number(figure["median"])
    return "%s (%s to %s)" % tuple(number(figure[which]) for which in ("median", "least", "most"))


def number(value):
    """Three digits that count, and none less before the point."""
    if abs(value) >= 100:
        return "{:,.0f}".format(value)
    for places, least in ((1, 10), (2, 0.1)):
        if abs(value) >= least:
            return "%.*f" % (places, value)
    return "%.2g" % value


def replace(text):
    page = README.read_text()
    if BEGIN not in page or END not in page:
        raise ValueError("benches/README.md has no markers %s and %s" % (BEGIN, END))
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    README.write_text("%s%s\n\n%s\n\n%s%s" % (before, BEGIN, text, END, after))


if __name__ == "__main__":
    main()
