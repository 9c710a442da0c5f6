# Sourced by the other scripts: how they speak, where they stand, and how they give up.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build

# Tells a person what is being done, on stderr: stdout belongs to the answers of a script.
say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die WHAT REMEDY: names what is missing and how to get it, then ends with status 1.
die() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    [ $# -lt 2 ] || printf '%s: hint: %s\n' "${0##*/}" "$2" >&2
    exit 1
}
