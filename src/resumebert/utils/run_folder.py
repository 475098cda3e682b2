"""A run's folder: the checkpoint in it, and the run that it goes on from."""

import os
import stat
from pathlib import Path

from resumebert.utils.durable_files import replacing
from resumebert.utils.errors import UserError
from resumebert.utils.processes import first_process_only

CHECKPOINTS = ("checkpoints/best.ckpt", "best.ckpt", "checkpoints/last.ckpt", "last.ckpt")
# Folders of a run that people name in its place.
PARTS = (".hydra", "tensorboard", "csv")
LAST = Path("checkpoints") / "last.ckpt"
# In the folder of a run that goes on from another's checkpoint: that checkpoint's path.
RESUMED_FROM = "resumed_from.txt"


def checkpoint_file(path: Path, key: str = "ckpt") -> Path:
    """Return ``path`` if it is a file; of a run's folder, its best checkpoint, else its last.

    Args:
        path: of a file, a run's folder, or a folder in it.
        key: of the config that it was given as.

    Raises:
        UserError: there is none.
    """
    if not is_folder(path, key):
        return path.expanduser()
    path = path.expanduser()
    folder = path.resolve()
    run = path if folder.name not in PARTS else folder.parent
    for name in CHECKPOINTS:
        if (run / name).is_file():
            return run / name
    newest = newest_run(path)
    if newest is not None:
        raise UserError(f"{key}={path}: it holds runs. Give one of them: {key}={newest}.")
    raise UserError(
        f"{key}={path}: the folder holds no checkpoints/best.ckpt and no checkpoints/last.ckpt. "
        "Give a run's folder, or a checkpoint file."
    )


def is_folder(path: Path, key: str) -> bool:
    """Tell whether a path is of a folder or a file.

    Args:
        path: in the user's folder if it begins with ``~``.
        key: of the config that it was given as.

    Raises:
        UserError: it is of neither.
    """
    try:
        kind = path.expanduser().stat().st_mode
    except FileNotFoundError:
        raise UserError(
            f"{key}={path}: there is no such file or folder. Give a checkpoint "
            "(outputs/train/DATE_TIME/checkpoints/best.ckpt) or a run's folder."
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{key}={path}: it can't be opened ({reason}).") from error
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise UserError(f"{key}={path}: it is neither a file nor a folder. Give a checkpoint.")
    return stat.S_ISDIR(kind)


def newest_run(runs: Path) -> Path | None:
    """Return the run's folder in ``runs`` whose checkpoint is the newest; None: there is none."""
    checkpoints = [path for name in CHECKPOINTS[::2] for path in runs.glob(f"*/{name}")]
    newest = max(checkpoints, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.parent.parent


def newest_interrupted(runs: Path) -> Path:
    """Return the newest last.ckpt of a run in a folder that was interrupted and not resumed since.

    Args:
        runs: the folder that holds a folder for each run.

    Raises:
        UserError: there is none.
    """
    started = [path.parent.parent for path in runs.glob(f"*/{LAST}")]
    gone_on_with = {_origin(note) for run in started if (note := run / RESUMED_FROM).is_file()}
    interrupted = [
        checkpoint
        for run in started
        if (checkpoint := (run / LAST).resolve()) not in gone_on_with
        and not (run / "metrics.json").exists()
    ]
    if not interrupted:
        raise UserError(
            f"ckpt_path=last: in {runs} there is no run that was interrupted after its first "
            "checkpoint. Give the checkpoint itself (ckpt_path=FOLDER/checkpoints/last.ckpt), or "
            "start afresh without ckpt_path."
        )
    return max(interrupted, key=lambda path: path.stat().st_mtime)


@first_process_only
def note_origin(checkpoint: Path, output_dir: Path) -> None:
    """Note in the folder of a run that it goes on from the checkpoint of another."""
    if checkpoint.resolve() != (output_dir / LAST).resolve():
        # A path need not be UTF-8.
        with replacing(output_dir / RESUMED_FROM) as file:
            file.write(os.fsencode(f"{checkpoint.resolve()}\n"))


def runs_so_far(output_dir: Path) -> list[Path]:
    """Return the folder of a run, after those of the runs that it goes on with, the first first."""
    runs = [output_dir.resolve()]
    while (note := runs[0] / RESUMED_FROM).is_file():
        before = _origin(note).parent.parent
        if before in runs:
            break
        runs.insert(0, before)
    return runs


def _origin(note: Path) -> Path:
    return Path(os.fsdecode(note.read_bytes()).strip())
