"""A run's folder: the checkpoint in it, whichever of its parts a user names."""

import stat
from pathlib import Path

from resumebert.utils.errors import UserError

CHECKPOINTS = ("checkpoints/best.ckpt", "best.ckpt", "checkpoints/last.ckpt", "last.ckpt")
# Folders of a run that people name in its place.
PARTS = (".hydra", "tensorboard", "csv")


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
