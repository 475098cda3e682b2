"""What is typed on a command line: read, and written back as a command."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

# A sweep adds these itself, or they name a place. They are no settings of the training.
NOT_SETTINGS = ("callbacks.pruning", "ckpt_path", "output_dir", "hparams_search", "hydra")

# The environment variable that holds the swept keys of a run's sweep, separated by spaces.
SWEPT = "RESUMEBERT_SWEPT"

Value = str | float | int | bool | None


def given_keys(overrides: Iterable[str]) -> tuple[str, ...]:
    """Return the keys and groups of overrides (no sweeps) without NOT_SETTINGS."""
    parser = OverridesParser.create()
    keys = [str(parser.parse_override(override).key_or_group) for override in overrides]
    return tuple(key for key in dict.fromkeys(keys) if not key.startswith(NOT_SETTINGS))


def value_of(config: DictConfig, choices: Mapping[str, str], key: str) -> Value:
    """Return the value of a key, or the chosen option of a config group; None if there is none."""
    if key in choices:
        return choices[key]
    value = OmegaConf.select(config, key, throw_on_resolution_failure=False)
    return simple(OmegaConf.to_container(value) if OmegaConf.is_config(value) else value)


def simple(value: Any) -> Value:
    """Return a plain value as a number or a text: dictionaries and lists as JSON."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value if isinstance(value, bool | int | float | None) else str(value)


def config_flags(hydra: HydraConf) -> list[str]:
    """Return the flags for a config other than the command's own."""
    name = str(hydra.job.config_name)
    flags = [] if name == hydra.job.name else ["--config-name", name]
    for source in hydra.runtime.config_sources:
        if source.provider == "command-line":
            flags += ["--config-dir", source.path]
    return flags


def literal(text: str) -> str:
    """Escape a text, so that OmegaConf replaces no ``${…}`` in it."""
    # It does unless a backslash precedes it, and halves the backslashes there.
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def quoted(value: str | Path) -> str:
    """Write any text as the value of an override."""
    text = literal(str(value))
    # Double quotes, since the whole is put into single ones for a shell.
    quote = "'" if '"' in text else '"'
    # To Hydra, a backslash is special only before a quote.
    return quote + re.sub(rf"(\\*)({quote}|$)", _escaped, text) + quote


def as_override(key: str, value: str | Path) -> str:
    """Write ``key=value`` for a text, in quotes only if Hydra needs them."""
    plain = f"{key}={value}"
    try:
        read = OverridesParser.create().parse_override(plain).value()
    except HydraException:
        read = None
    is_plain = isinstance(read, str) and read == str(value) and "${" not in read
    return plain if is_plain else f"{key}={quoted(value)}"


def command_line(*words: str, **texts: str | Path) -> str:
    """Write a command for a shell: words in Hydra's grammar, and ``texts`` as more overrides."""
    return shlex.join([*words, *(as_override(key, value) for key, value in texts.items())])


def expand_home(arguments: list[str]) -> None:
    """Rewrite, in place, what some shells leave as it is and Hydra can't read.

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
