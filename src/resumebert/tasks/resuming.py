"""Resume a run that was interrupted: take over its settings, and say how to resume."""

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
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.interrupted_runs import LAST
from resumebert.utils.interruption import Interruption
from resumebert.utils.settings import as_override, command_line, config_flags


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
