"""The cache from the command line: ``python -m resumebert.data.cache`` lists it and clears it."""

import argparse
import time
from pathlib import Path

from rich.table import Table

from resumebert.data.cache_store import cache_root, clear, list_entries, size_limit
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.streams import steady_streams


@report_user_errors
def main(arguments: list[str] | None = None) -> None:
    """List or clear the cache, from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m resumebert.data.cache",
        description="List what resumebert keeps in its cache, or clear it.",
        epilog="The cache lies in $RESUMEBERT_CACHE, else $XDG_CACHE_HOME/resumebert, else "
        "~/.cache/resumebert. Beyond $RESUMEBERT_CACHE_MAX_GB gigabytes (10), what was not used "
        "for longest goes; a downloaded corpus only by clearing.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("list", help="list the entries (so does no command)")
    clearing = commands.add_parser("clear", help="remove entries that no process is using")
    clearing.add_argument("kind", nargs="?", metavar="KIND", help="only entries of this kind")
    clearing.add_argument(
        "--older-than", type=_days, default=0.0, metavar="DAYS", help="only those unused so long"
    )
    given = parser.parse_args(arguments)
    root = cache_root()
    if given.command == "clear":
        _print_cleared(root, given.kind, given.older_than)
    else:
        _print_entries(root)


def _days(text: str) -> float:
    try:
        if (days := float(text)) >= 0:
            return days
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")


def _print_cleared(root: Path, kind: str | None, older_than: float) -> None:
    kinds = sorted(path.name for path in root.glob("*/")) if root.is_dir() else []
    if kind is not None and kind not in kinds:
        there = f"there is {', '.join(kinds)}" if kinds else "it is empty"
        raise UserError(f"the cache {root} has nothing of the kind {kind!r}: {there}.")
    removed, freed, left = clear(root, kind, older_than)
    in_use = f" Left {left} in use by a run." if left else ""
    make_console().print(
        f"Removed {removed} {_entries(removed)} from {root}: {_in_units(freed)} freed.{in_use}",
        highlight=False,
        soft_wrap=True,
    )


def _print_entries(root: Path) -> None:
    entries, console = list_entries(root), make_console()
    if entries:
        table = Table("kind", "what", "size", "age", "last used")
        for entry in reversed(entries):
            age, used = _since(entry.created), f"{_since(entry.used)} ago"
            table.add_row(entry.kind, entry.what[:200], _in_units(entry.bytes), age, used)
        console.print(table)
    total = _in_units(sum(entry.bytes for entry in entries))
    console.print(
        f"{len(entries)} {_entries(len(entries))}, {total} of {_in_units(size_limit())} in {root}",
        highlight=False,
        soft_wrap=True,
    )


def _entries(count: int) -> str:
    return "entry" if count == 1 else "entries"


def _in_units(size: float) -> str:
    """Write bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


def _since(then: float) -> str:
    """Write the time since ``then`` for people."""
    seconds = max(0.0, time.time() - then)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    with steady_streams():
        main()
