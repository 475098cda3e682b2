"""The settings that a command line gave, and their values."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
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


def config_flags(hydra: HydraConf) -> list[str]:
    """Return the flags of a command line that name another config than the command's own."""
    name = str(hydra.job.config_name)
    flags = [] if name == hydra.job.name else ["--config-name", name]
    for source in hydra.runtime.config_sources:
        if source.provider == "command-line":
            flags += ["--config-dir", source.path]
    return flags


def quoted(value: str | Path) -> str:
    """Write a text as the value of an override, whatever is in it."""
    # OmegaConf fills in ${…} unless a backslash stands before it, and takes one of each two there.
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", str(value))
    # A shell wants single quotes around it.
    quote = "'" if '"' in text else '"'
    # Hydra takes a backslash as it stands, but before a quote.
    return quote + re.sub(rf"(\\*)({quote}|$)", _escaped, text) + quote


def as_override(key: str, value: str | Path) -> str:
    """Write ``key=value`` for a text, in quotes if Hydra would read it as something else."""
    plain = f"{key}={value}"
    try:
        read = OverridesParser.create().parse_override(plain).value()
    except HydraException:
        read = None
    is_plain = isinstance(read, str) and read == str(value) and "${" not in read
    return plain if is_plain else f"{key}={quoted(value)}"


def command_line(*words: str, **texts: str | Path) -> str:
    """Write a command that can be pasted into a shell.

    Args:
        words: as the shell passes them on, settings in Hydra's grammar among them.
        texts: further settings, a key and its value.
    """
    return shlex.join([*words, *(as_override(key, value) for key, value in texts.items())])


def expand_home(arguments: list[str]) -> None:
    """Write out, in place, what some shells do not and Hydra can't read.

    The ``~`` of ``key=~/…``, and a separator such as a comma, which Hydra wants in quotes.
    """
    for place, argument in enumerate(arguments):
        key, _, value = argument.partition("=")
        if value == "~" or value.startswith("~/"):
            arguments[place] = as_override(key, Path(value).expanduser())
        elif key.endswith("separator") and len(value.strip(" ")) == 1 and value != "$":
            arguments[place] = as_override(key, value)


def _escaped(match: re.Match[str]) -> str:
    backslashes, quote = match.groups()
    return 2 * backslashes + (f"\\{quote}" if quote else "")
