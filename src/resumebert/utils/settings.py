"""The settings that a command line gave, and their values."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

# What a sweep itself adds to a run, or where it lies: no setting of the training.
NOT_SETTINGS = ("callbacks.pruning", "ckpt_path", "output_dir", "hparams_search", "hydra")

# Tells a run of a sweep which keys are swept, with spaces between.
SWEPT = "RESUMEBERT_SWEPT"

Value = str | float | int | bool | None


def given_keys(overrides: Iterable[str]) -> tuple[str, ...]:
    """Return the keys and groups of ``key=value``, ``+key=value`` …, those of no setting left out.

    Args:
        overrides: as on a command line, without sweeps.
    """
    parser = OverridesParser.create()
    keys = [str(parser.parse_override(override).key_or_group) for override in overrides]
    return tuple(key for key in dict.fromkeys(keys) if not key.startswith(NOT_SETTINGS))


def value_of(config: DictConfig, choices: Mapping[str, str], key: str) -> Value:
    """Return the value of a key; of a config group, the option's name; None where it has none."""
    if key in choices:
        return choices[key]
    value = OmegaConf.select(config, key, throw_on_resolution_failure=False)
    if OmegaConf.is_config(value):
        return json.dumps(OmegaConf.to_container(value), ensure_ascii=False, default=str)
    return value if isinstance(value, bool | int | float | None) else str(value)


def quoted(path: Path) -> str:
    """Write a path as the value of an override, whatever is in it."""
    # Hydra takes a backslash as it stands, but before a quote.
    return "'" + re.sub(r"(\\*)('|$)", _escaped, str(path)) + "'"


def _escaped(match: re.Match[str]) -> str:
    backslashes, quote = match.groups()
    return 2 * backslashes + ("\\'" if quote else "")
