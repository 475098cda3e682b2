"""The folders of runs: made before any work, removed if they stay empty, found by their path."""

import atexit
import json
import stat
import tempfile
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from hydra.core import utils as hydra_utils
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from resumebert.utils.durable_files import write_text
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.processes import is_first_process

# Bytes that must fit: less than any run takes.
ROOM = 1024 * 1024
# Hydra writes this folder before a command's own code runs.
RECORD = ".hydra"
# Other files that a command leaves when it is refused. A folder with nothing else can be removed.
DISPENSABLE = ("train.log", "eval.log", "resumed_from.txt", "multirun.yaml")
CHECKPOINTS = ("checkpoints/best.ckpt", "best.ckpt", "checkpoints/last.ckpt", "last.ckpt")
# The file by which a folder that export.py wrote is known.
EXPORTED = "resumebert.json"
# Subfolders of a run that a user may give instead of the run.
PARTS = (RECORD, "tensorboard", "csv")

# An output folder → which of its record, itself and its parents this process has made.
_new: dict[Path, list[Path]] = {}


class CheckOutputFolder(Callback):
    """Check that the output folder can be written; end the process with exit code 1 if not.

    Hydra makes the folder and writes the config before the command's own code runs, and would fail
    with a traceback. So this callback makes the folder first and replaces the function that writes.
    """

    def __init__(self) -> None:
        hydra_utils._save_config = _save_config

    def __reduce__(self) -> tuple[type, tuple[()]]:
        # A launcher sends this object to its workers, where the function is replaced again.
        return CheckOutputFolder, ()

    @report_user_errors
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the folder of a single run."""
        make_output_folder(Path(config.hydra.run.dir), "hydra.run.dir")

    @report_user_errors
    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the folder of a sweep."""
        make_output_folder(Path(config.hydra.sweep.dir), "hydra.sweep.dir")


def make_output_folder(folder: Path, key: str = "output_dir") -> Path:
    """Make the folder that the config's ``key`` names, in a run's first process; return it."""
    # Noted before they are made: what does not exist yet may be removed later.
    absolute = folder.absolute()
    candidates = (absolute / RECORD, absolute, *absolute.parents)
    _new.setdefault(absolute, list(takewhile(lambda path: not path.exists(), candidates)))
    if not is_first_process():
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as room:
            room.write(bytes(ROOM))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{key}={folder}: the output folder can't be written "
            f"({getattr(error, 'strerror', None) or error}). Give another one with {key}=FOLDER, "
            "or make this one writable and see to it that there is room on its disk."
        ) from error
    return folder


@atexit.register
def remove_unused() -> None:
    """Remove folders that this process has made, and not others, if they hold no results."""
    while _new:
        # The latest first: the folders above it may be of an earlier one.
        folder, paths = _new.popitem()
        with suppress(OSError):
            left = {path.name for path in folder.iterdir()} - {RECORD}
            if left and (folder not in paths or not left.issubset(DISPENSABLE)):
                continue
            for path in [*map(folder.joinpath, left), *(folder / RECORD).glob("*.yaml")]:
                if path.parent in paths:
                    path.unlink()
        for path in paths:
            with suppress(OSError):
                path.rmdir()


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if it can't be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def checkpoint_file(path: Path, key: str = "ckpt") -> Path:
    """Return a checkpoint; of a run's folder or a part of it the best one, or else the last."""
    if not is_folder(path, key):
        return path.expanduser()
    given = path.expanduser()
    resolved = given.resolve()
    run = resolved.parent if resolved.name in PARTS else given
    for name in CHECKPOINTS:
        if (run / name).is_file():
            return run / name
    newest = newest_run(given)
    if newest is not None:
        raise UserError(f"{key}={given}: it holds runs. Give one of them: {key}={newest}.")
    raise UserError(
        f"{key}={given}: the folder holds no checkpoints/best.ckpt and no checkpoints/last.ckpt. "
        "Give a run's folder, or a checkpoint file."
    )


def is_folder(path: Path, key: str) -> bool:
    """Return whether the path that a config's ``key`` gives is a folder, not a file."""
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
    """Return the run in the folder ``runs`` with the newest checkpoint; None if there is none."""
    checkpoints = [path for name in CHECKPOINTS[::2] for path in runs.glob(f"*/{name}")]
    newest = max(checkpoints, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.parent.parent


@report_user_errors
def _save_config(cfg: DictConfig, filename: str, output_dir: Path) -> None:
    write_text(output_dir / filename, OmegaConf.to_yaml(cfg))
