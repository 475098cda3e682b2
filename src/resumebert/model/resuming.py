"""Resume a run that was interrupted: what must be as it was, and what is other now."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from rich.console import Console

from resumebert.data.tokenization import TextTokenizer
from resumebert.model.checkpoint import Resumable, open_resumable
from resumebert.settings.compose import plain_config
from resumebert.settings.schema import TrainSettings, thawed
from resumebert.utils.command_line import as_override, command_line, config_flags
from resumebert.utils.console import warn
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import resolve_precision
from resumebert.utils.interrupted_runs import LAST
from resumebert.utils.interruption import Interruption

# What decides which parameters there are, and in which groups of the optimizer.
FIXED = (
    "model.name", "model.random_config", "model.num_layers", "model.pooling", "model.lora",
    "model.freeze_embeddings", "model.freeze_layers", "optimizer._target_",
)  # fmt: skip
# What decides which batches an epoch has, and in which steps they are.
OF_AN_EPOCH = (
    "seed", "data.batch_size", "data.long_documents", "data.max_length", "data.stride",
    "data.max_windows_train", "data.window_sampling", "trainer.accumulate_grad_batches",
    "trainer.limit_train_batches", "trainer.overfit_batches",
)  # fmt: skip
# Of a BERT config: what decides the shapes of its weights.
SIZES = ("num_", "_size", "max_position_embeddings")
# Where a run lies and what it is for differs from run to run.
NOT_COMPARED = ("output_dir", "ckpt_path", "data.reader", "trainer.default_root_dir", "trust")


@dataclass(frozen=True)
class Resumed:
    """The run that training goes on with."""

    checkpoint: Path  # its last.ckpt
    run: Resumable  # what this holds
    changed: Mapping[str, tuple[Any, Any]]  # key → before, now

    def say_changes(self, console: Console) -> None:
        """Print where the run goes on from, and a line for each setting that is another one."""
        console.print(f"Going on from {self.checkpoint}", highlight=False, soft_wrap=True)
        for key, (was, now) in self.changed.items():
            warn(console, f"{key} {_short(was)} → {_short(now)} from step {self.run.step} on")

    def epoch(self, accumulated: int) -> tuple[int, int]:
        """Return first step and number of its next epoch, at ``accumulated`` batches a step."""
        return self.run.step - self.run.batches // accumulated, self.run.epochs

    def check_model(self, architecture: Mapping[str, Any], tokenizer: TextTokenizer) -> None:
        """Check that a model, which may lie elsewhere now, is the one that the run began with.

        Raises:
            UserError: it is not.
        """
        sizes = [key for key in architecture if key.startswith(SIZES) or key.endswith(SIZES)]
        known = self.run.bert_config
        different = [key for key in sizes if architecture[key] != known.get(key)]
        if tokenizer.files != self.run.extras.tokenizer_files:
            different.append("the tokenizer")
        if different:
            raise UserError(
                f"ckpt_path={self.checkpoint}: it was trained with another model than model.path "
                f"or model.name gives now ({', '.join(different)}). Give the one that it was "
                "trained with, or start afresh without ckpt_path."
            )

    def check_split(self, fingerprint: str) -> None:
        """Check that the run goes on with the documents and the split that it began with.

        Raises:
            UserError: it does not.
        """
        if fingerprint == self.run.extras.split_fingerprint:
            return
        manifest = as_override("data.split.manifest", self.checkpoint.parent.parent / "split.csv")
        raise UserError(
            f"ckpt_path={self.checkpoint}: it was trained with other documents, or with another "
            "split of them, so that some of those that are tested now may have been trained on. "
            "Give the data, data.seed and data/split that it was trained with, or start afresh "
            "without ckpt_path. If the documents are the same and an older version dealt them "
            f"out, give its split: {shlex.join(['data/split=predefined', manifest])}"
        )


def resume(settings: TrainSettings) -> Resumed | None:
    """Open the checkpoint that a run goes on from; None: it starts afresh.

    Raises:
        UserError: it can't be read, or training can't go on with the settings.
    """
    if settings.ckpt_path is None:
        return None
    checkpoint = Path(settings.ckpt_path)
    run = open_resumable(checkpoint)
    return Resumed(checkpoint, run, _changes(run, settings))


def _changes(run: Resumable, settings: TrainSettings) -> dict[str, tuple[Any, Any]]:
    changed = {
        key: values
        for key, values in _differences(plain_config(run.extras.config), config_to_store(settings))
        # What only follows another key is compared there.
        if not key.startswith(NOT_COMPARED) and key not in settings.whole.following
    }
    where = f"the checkpoint ckpt_path={settings.ckpt_path}"
    for key, (was, now) in changed.items():
        given = f"{key}={_short(now)}: {where} was trained with {_short(was)}"
        if key.startswith(FIXED) or (key == "optimizer.layer_decay" and 1 in (was, now)):
            raise UserError(
                f"{given}, and its weights and optimizer fit nothing else. Give "
                f"{key}={_short(was)}, or start afresh without ckpt_path."
            )
        if run.batches and key in OF_AN_EPOCH:
            raise UserError(
                f"{given}, and ends within epoch {run.epochs + 1}, after {run.batches} of its "
                f"batches: with {_short(now)} the rest would be others. Give {key}={_short(was)}; "
                "from the end of an epoch on it can be changed."
            )
    if settings.trainer.max_epochs < run.epochs:
        raise UserError(
            f"trainer.max_epochs={settings.trainer.max_epochs}: {where} has {run.epochs} epochs "
            "behind it. Give as many at least."
        )
    return changed


def config_to_store(settings: TrainSettings) -> dict[str, Any]:
    """Return the config that a checkpoint holds, with the precision that an evaluation repeats."""
    plain = thawed(settings.whole.plain)
    given = settings.trainer
    plain["trainer"]["precision"] = resolve_precision(given.precision, given.accelerator)
    return plain


@contextmanager
def says_how_to_go_on(output_dir: Path, console: Console) -> Iterator[None]:
    """Print, when a signal ends the ``with`` block, the command that goes on with the run."""
    try:
        yield
    except Interruption as interruption:
        checkpoint = output_dir / LAST
        words = "It had trained nothing yet: start it again with the same command."
        if checkpoint.is_file():
            if checkpoint.is_relative_to(Path.cwd()):
                checkpoint = checkpoint.relative_to(Path.cwd())
            typed: list[str] = []
            if HydraConfig.initialized():
                hydra = HydraConfig.get()
                kept = [item for item in hydra.overrides.task if not item.startswith("ckpt_path=")]
                typed = [*config_flags(hydra), *kept]
            script = Path(sys.argv[0]).name
            again = command_line("python", script, *typed, ckpt_path=checkpoint)
            words = f"{checkpoint} holds the run so far. Go on with it:\n  {again}"
        warn(console, f"The run was {interruption}. {words}")
        raise


def _differences(
    was: Mapping[str, Any], now: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the keys whose values differ; a value that only one of the two has does not count."""
    for name in dict.fromkeys([*was, *now]):
        before, after = was.get(name), now.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _differences(before, after, f"{prefix}{name}.")
        elif before != after and (
            (name in was and name in now)
            or isinstance(before, Mapping)
            or isinstance(after, Mapping)
        ):
            yield prefix + name, (before, after)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["_target_"]) if "_target_" in value else str(dict(value))
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
