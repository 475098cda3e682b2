"""Output folders: made, or refused if they can't be written, before anything else is done."""

import atexit
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core import utils
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from resumebert.utils.durable_files import write_text
from resumebert.utils.errors import UserError
from resumebert.utils.new_folders import note_new, remove_unused
from resumebert.utils.processes import is_first_process

# Bytes that must fit: less than any run takes.
ROOM = 1024 * 1024


class CheckOutputFolder(Callback):
    """Check ``hydra.run.dir`` or ``hydra.sweep.dir``; end the process with 1 if it is no use.

    Hydra makes the folder itself, and writes the config there, before the command's own code runs,
    and would answer with a traceback; so the config is written as our own files are.
    """

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the folder of a single run."""
        _check(Path(config.hydra.run.dir), "hydra.run.dir")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check the folder of a sweep."""
        _check(Path(config.hydra.sweep.dir), "hydra.sweep.dir")
        # Hydra composes the runs one after the other, and ends the process itself if it can't.
        atexit.register(remove_unused)


def make_output_folder(folder: Path, key: str = "output_dir") -> Path:
    """Make ``folder``, which the config's ``key`` names, and return it.

    On all processes of a run but the first nothing is made.

    Raises:
        UserError: it can't be made or written.
    """
    note_new(folder)
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


@contextmanager
def keeping_nothing(config: DictConfig) -> Iterator[None]:
    """Let a run write into a folder that goes away with it, as does what Hydra has made."""
    made = Path(config.output_dir).absolute()
    with tempfile.TemporaryDirectory() as folder:
        config.output_dir = folder
        yield
    if HydraConfig.initialized() and is_first_process():
        written = made / (HydraConfig.get().output_subdir or "")
        if written != made and list(made.iterdir()) == [written]:
            shutil.rmtree(written)
        with contextlib.suppress(OSError):
            made.rmdir()


def _check(folder: Path, key: str) -> None:
    with _leaving():
        make_output_folder(folder, key)
    utils._save_config = _save_config


def _save_config(cfg: DictConfig, filename: str, output_dir: Path) -> None:
    with _leaving():
        write_text(output_dir / filename, OmegaConf.to_yaml(cfg))


@contextmanager
def _leaving() -> Iterator[None]:
    """End the process with 1 and a user's mistake: Hydra turns other exceptions into its own."""
    try:
        yield
    except UserError as error:
        remove_unused()
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
