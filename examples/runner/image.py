"""What a Containerfile says, as far as running it goes."""

import json
import pathlib
import shlex


class Image:
    """An image, built from one Containerfile on top of another."""

    def __init__(self, environment):
        self.environment = dict(environment)
        self.copies = []
        self.folder = "/"
        self.user = "root"
        self.stop_signal = "SIGTERM"
        self.health = self.entrypoint = self.arguments = None

    def build(self, file):
        """Does what a Containerfile says, but for RUN: what that installs is there already."""
        for word, rest in instructions(pathlib.Path(file).read_text()):
            self._do(word.upper(), rest)

    def _do(self, word, rest):
        if word == "COPY":
            self._copy(rest)
        elif word == "ENV":
            self.environment.update(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "WORKDIR":
            self.folder = rest
        elif word == "USER":
            self.user = rest
        elif word == "STOPSIGNAL":
            self.stop_signal = rest
        elif word == "HEALTHCHECK":
            self.health = words(rest.split("CMD", 1)[1].strip())
        elif word == "ENTRYPOINT":
            self.entrypoint = words(rest)
        elif word == "CMD":
            self.arguments = words(rest)
        elif word not in ("FROM", "ARG", "RUN"):
            raise ValueError("%s is not known here" % word)

    def _copy(self, rest):
        *sources, place = (word for word in shlex.split(rest) if not word.startswith("--"))
        is_folder = place in (".", "./") or place.endswith("/")
        place = str(pathlib.PurePosixPath(self.folder) / place) + ("/" if is_folder else "")
        self.copies += [(source, place) for source in sources]


def words(rest):
    """A command, in the form of a list or of a shell."""
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


def instructions(text):
    """The instructions of a Containerfile: the word, and what follows it."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        yield word, rest.strip()
