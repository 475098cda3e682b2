"""Folders of runs that were never run."""

import json
from pathlib import Path

from omegaconf import OmegaConf

from resumebert.sweeps.status import FINISHED, RunStatus, write_status

DEFAULTS = {
    "seed": 42,
    "optimizer": {"lr": 2e-4},
    "data": {"batch_size": 8, "fold": 0},
    "monitor": {"metric": "val/f1_macro", "mode": "max"},
}


def make_run(
    folder: Path,
    overrides: list[str],
    metrics: dict[str, float | list[float] | None] | None,
    *,
    state: str = FINISHED,
    reason: str | None = None,
    choices: dict[str, str] | None = None,
    seconds: float = 60.0,
) -> None:
    """Write what a run leaves; ``overrides`` of groups come from ``choices``."""
    (folder / ".hydra").mkdir(parents=True)
    groups = choices or {}
    own = [item for item in overrides if item.partition("=")[0] not in groups]
    config = OmegaConf.merge(OmegaConf.create(DEFAULTS), OmegaConf.from_dotlist(own))
    OmegaConf.save(config, folder / ".hydra" / "config.yaml")
    OmegaConf.save(OmegaConf.create(overrides), folder / ".hydra" / "overrides.yaml")
    hydra = {"hydra": {"runtime": {"choices": {"loss": "bce", **groups}}}}
    OmegaConf.save(OmegaConf.create(hydra), folder / ".hydra" / "hydra.yaml")
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics))
        (folder / "throughput.json").write_text(json.dumps({"documents_per_second": 20.0}))
    write_status(folder, RunStatus(state, overrides, [], seconds=seconds, reason=reason))
