"""The output folders that this process makes, to be taken away again if the command is refused."""

from contextlib import suppress
from itertools import takewhile
from pathlib import Path

# What Hydra writes before a command's own code runs.
RECORD = ".hydra"
# What a folder may hold besides, and yet be of no use: logs, the note of what a run goes on from,
# what Hydra notes of a sweep.
OF_NO_USE = ("train.log", "eval.log", "resumed_from.txt", "multirun.yaml")

# An output folder → what was not there before: its record, itself, its parents.
_new: dict[Path, list[Path]] = {}


def note_new(folder: Path) -> None:
    """Note what of a folder, its record and its parents is not there, before it is made."""
    folder = folder.absolute()
    paths = takewhile(lambda path: not path.exists(), (folder / RECORD, folder, *folder.parents))
    _new.setdefault(folder, list(paths))


def remove_unused() -> None:
    """Remove the noted folders that hold nothing but the record of a command that was refused.

    Nothing is removed that was there before, or that holds anything else.
    """
    for folder, paths in _new.items():
        with suppress(OSError):
            left = {path.name for path in folder.iterdir()} - {RECORD}
            if left and (folder not in paths or not left.issubset(OF_NO_USE)):
                continue
            for path in [*map(folder.joinpath, left), *(folder / RECORD).glob("*.yaml")]:
                if path.parent in paths:
                    path.unlink()
        for path in paths:
            with suppress(OSError):
                path.rmdir()
    _new.clear()
