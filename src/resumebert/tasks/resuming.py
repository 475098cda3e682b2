"""Go on with a run that was interrupted: find it, and say how."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from resumebert.utils.console import make_console
from resumebert.utils.durable_files import replacing
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.interruption import Interruption
from resumebert.utils.processes import first_process_only
from resumebert.utils.settings import as_override, command_line, config_flags

LAST = Path("checkpoints") / "last.ckpt"
# In the folder of a run that goes on from another's checkpoint: that checkpoint's path.
RESUMED_FROM = "resumed_from.txt"


@report_user_errors
def take_over_settings(script: str) -> None:
    """Put what was typed for the run that ``ckpt_path`` names before what is typed now.

    Hydra, which reads the command line after that, then knows the keys of the groups that the run
    had chosen.

    Args:
        script: beside which the folder ``conf`` lies.
    """
    if not any(item.startswith(("ckpt_path=", "+ckpt_path=")) for item in sys.argv[1:]):
        return
    # It loads PyTorch, which a checkpoint takes.
    from resumebert.tasks.run_settings import taken_over

    conf = Path(script).resolve().parent / "conf"
    sys.argv[1:] = taken_over(sys.argv[1:], conf, make_console())


def newest_interrupted(runs: Path) -> Path:
    """Return the newest last.ckpt of the runs in a folder that neither ended nor were gone on with.

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


def check_same_split(checkpoint: str, trained_with: str, fingerprint: str) -> None:
    """Check that a run goes on with the documents and the split that it began with.

    Args:
        checkpoint: that it goes on from.
        trained_with: fingerprint of the documents and the split that this was trained with.
        fingerprint: of those that there are now.

    Raises:
        UserError: they differ.
    """
    if fingerprint != trained_with:
        manifest = as_override("data.split.manifest", Path(checkpoint).parent.parent / "split.csv")
        raise UserError(
            f"ckpt_path={checkpoint}: it was trained with other documents, or with another split "
            "of them, so that some of those that are tested now may have been trained on. Give "
            "the data, data.seed and data/split that it was trained with, or start afresh without "
            "ckpt_path. If the documents are the same and an older version dealt them out, give "
            f"its split: {shlex.join(['data/split=predefined', manifest])}"
        )


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


@contextmanager
def says_how_to_go_on(output_dir: Path, console: Console) -> Iterator[None]:
    """Print, when a signal ends the ``with`` block, the command that goes on with the run."""
    try:
        yield
    except Interruption as interruption:
        checkpoint = output_dir / LAST
        if checkpoint.is_file():
            if checkpoint.is_relative_to(Path.cwd()):
                checkpoint = checkpoint.relative_to(Path.cwd())
            words = f"{checkpoint} holds the run so far. Go on with it:\n  {_command(checkpoint)}"
        else:
            words = "It had trained nothing yet: start it again with the same command."
        console.print(
            f"The run was {interruption}. {words}", style="yellow", highlight=False, soft_wrap=True
        )
        raise


def overrides_in_sweep(config: DictConfig) -> list[str] | None:
    """Return what was typed for this run of a sweep; None if it is no sweep's, or one process."""
    is_sweep = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN
    trainer = config.trainer
    if not is_sweep or (trainer.strategy == "auto" and trainer.devices == 1):
        return None
    return list(HydraConfig.get().overrides.task)


def _command(checkpoint: Path) -> str:
    typed: list[str] = []
    if HydraConfig.initialized():
        hydra = HydraConfig.get()
        kept = [item for item in hydra.overrides.task if not item.startswith("ckpt_path=")]
        typed = [*config_flags(hydra), *kept]
    return command_line("python", Path(sys.argv[0]).name, *typed, ckpt_path=checkpoint)
