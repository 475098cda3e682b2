"""From frozen settings with a ``_target_`` to what they make."""

from collections.abc import Mapping
from typing import Any, TypeVar

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from resumebert.settings.schema import Options
from resumebert.utils.command_line import literal
from resumebert.utils.errors import UserError
from resumebert.utils.trust import imported

Kind = TypeVar("Kind")


def made(settings: Options, **arguments: Any) -> Any:
    """Call what ``_target_`` names, as Hydra does; ``arguments`` replace those of the settings."""
    # Hydra replaces ``${…}`` twice, in what replacing it once has left too.
    return instantiate(_escaped(_escaped(settings)), **arguments)


def made_of_group(group: Options | None, **replaced: Options) -> list[Any]:
    """Make each entry of a group but null ones; ``replaced`` has arguments for some of them."""
    found = []
    for name, entry in (group or {}).items():
        if entry is None:
            continue
        try:
            found.append(made(entry, **replaced.get(name, {})))
        except InstantiationException as error:
            if isinstance(error.__cause__, ModuleNotFoundError):
                raise UserError(
                    f"{entry['_target_']} takes a package that is not installed: pip install "
                    f"'resumebert[{name}]'. ({error.__cause__})"
                ) from error
            raise
    return found


def class_named(target: str, kind: type[Kind], key: str) -> type[Kind]:
    """Return the class that ``key`` names: ``kind`` or one derived of it."""
    found = imported(target, f"{key}={target}")
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise UserError(f"{key}={target}: it is no {kind.__name__}.")
    return found


def as_yaml(settings: Options) -> str:
    """Write plain settings as YAML, as Hydra writes a config."""
    return OmegaConf.to_yaml(OmegaConf.create(_escaped(settings)), resolve=True)


def _escaped(value: Any) -> Any:
    """Return plain settings with texts in which OmegaConf replaces no ``${…}``."""
    if isinstance(value, Mapping):
        return {name: _escaped(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(part) for part in value]
    return literal(value) if isinstance(value, str) else value
