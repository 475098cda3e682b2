"""What was typed for the run of a checkpoint: stored with it, and taken over to resume it.

Of that, what is typed again is taken as typed now, and the rest from the file, in which anyone may
have written anything: the names of options that are here, and plain values of keys that name
neither code nor a place to write to.
"""

import shlex
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from rich.console import Console

from resumebert.settings.compose import PATHS
from resumebert.settings.schema import TrainSettings
from resumebert.utils.command_line import NOT_SETTINGS, quoted
from resumebert.utils.console import make_console, warn
from resumebert.utils.durable_files import write_text
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.folders import is_folder
from resumebert.utils.interrupted_runs import newest_interrupted
from resumebert.utils.processes import is_first_process
from resumebert.utils.trust import is_dotted, packages

# Never from a file: they relax what is safe, ask the network, import a package, or say where to
# write.
TYPED_ONLY = frozenset({
    "allow_pickle", "trust", "cache", "package", "pip_name", "revision", "sha256", "name",
    "plugins", "dirpath", "filename", "save_dir", "default_root_dir", "dir", "log_dir", "sub_dir",
    "version", "tracking_uri", "artifact_location",
})  # fmt: skip
# Beside each _target_: what may be the dotted name, or names, of the user's own.
NAMING_CODE = ("model.pooling", "evaluation.calibration", "evaluation.metrics")
# As conf/hydra/default.yaml has it.
RUNS = "outputs/train/RUN"


def overrides_to_store(settings: TrainSettings) -> list[str] | None:
    """Return what to type for this run from any folder; None if it was not started by Hydra."""
    if not _is_command():
        return None
    kept = []
    for override in _parsed(HydraConfig.get().overrides.task):
        key = override.key_or_group
        if key.startswith((*NOT_SETTINGS, "trust")):
            continue
        value = settings.whole.at(key) if key in PATHS else None
        kept.append(str(override.input_line if value is None else f"{key}={quoted(value)}"))
    return kept


def store_config(settings: TrainSettings) -> None:
    """Put the config that trains into the run's ``.hydra``, where Hydra has put the typed one."""
    if not (_is_command() and is_first_process()):
        return
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir) / (hydra.output_subdir or "")
    if hydra.output_subdir and folder.is_dir():
        write_text(folder / "config.yaml", settings.whole.written)
        typed = OmegaConf.create(list(hydra.overrides.task))
        write_text(folder / "overrides.yaml", OmegaConf.to_yaml(typed))


@report_user_errors
def take_over_settings(script: str) -> None:
    """Put what was typed for the run that ``ckpt_path`` names before what is typed now.

    Hydra, which reads the command line after that, then knows the keys of the groups that the run
    had chosen. The folder ``conf`` lies beside ``script``.
    """
    if any(item.startswith(("ckpt_path=", "+ckpt_path=")) for item in sys.argv[1:]):
        conf = Path(script).resolve().parent / "conf"
        sys.argv[1:] = taken_over(sys.argv[1:], conf, make_console())


def taken_over(arguments: Sequence[str], conf: Path, console: Console) -> list[str]:
    """Return what was typed now, after the settings of the run that its ``ckpt_path`` is of.

    ``conf`` is the folder of the config groups; what is not taken over is said on the console.

    Raises:
        UserError: the checkpoint can't be read, or what was typed for its run is not all taken
            from a file.
    """
    try:
        typed = _parsed([item for item in arguments if _is_override(item)])
    except HydraException:
        # Hydra says what is wrong with it.
        return list(arguments)
    values = {o.key_or_group: o.value() for o in typed if not o.is_sweep_override()}
    given = values.get("ckpt_path")
    if given is None:
        return list(arguments)
    path = Path(str(given)).expanduser().absolute()
    if given == "last":
        runs = Path(str(values.get("output_dir") or values.get("hydra.run.dir") or RUNS)).parent
        path = newest_interrupted(runs.expanduser().absolute())
    else:
        is_folder(Path(str(given)), "ckpt_path")
    trust = packages(cast(Any, values.get("trust")))
    # It loads PyTorch, which a mistyped path should not wait for.
    from resumebert.model.checkpoint import open_resumable

    overrides = open_resumable(path).extras.overrides
    if overrides is None:
        warn(console, f"{path} does not hold what was typed for its run: give it again.")
        return list(arguments)
    try:
        stored = _parsed(overrides)
    except (HydraException, TypeError) as error:
        raise UserError(f"ckpt_path={path}: what was typed for its run is damaged.") from error
    options = _options(conf)
    kept = _without_additions(_without_typed(stored, typed, options), options, trust, console)
    for override in kept:
        if reason := _not_from_a_file(override, options, trust):
            line = str(override.input_line)
            raise UserError(
                f"ckpt_path={path}: its run was started with {line}, which {reason}, so it is not "
                "taken from the file. Give it again, or another value: "
                + shlex.join(["python", "train.py", line, *arguments])
            )
    mine = [
        f"ckpt_path={quoted(path)}" if o.key_or_group == "ckpt_path" else str(o.input_line)
        for o in typed
    ]
    flags = [item for item in arguments if not _is_override(item)]
    return [*flags, *(str(override.input_line) for override in kept), *mine]


def _is_override(item: str) -> bool:
    return not item.startswith("-") and ("=" in item or item.startswith("~"))


def _is_command() -> bool:
    return HydraConfig.initialized() and GlobalHydra.instance().is_initialized()


def _parsed(lines: Sequence[str]) -> list[Override]:
    parsed: list[Override] = OverridesParser.create().parse_overrides(list(lines))
    return parsed


def _options(conf: Path) -> dict[str, set[str]]:
    """Return the names of the options of each config group."""
    options: dict[str, set[str]] = defaultdict(set)
    for path in conf.rglob("*.yaml"):
        options[path.parent.relative_to(conf).as_posix()].add(path.stem)
    return dict(options)


def _without_typed(
    stored: Sequence[Override], typed: Sequence[Override], options: Mapping[str, set[str]]
) -> list[Override]:
    """Return what is not typed anew: neither itself, nor the group or option that it is of."""
    keys = {override.key_or_group for override in typed}
    chosen = {o.key_or_group: o.value() for o in stored if o.key_or_group in options}
    anew = tuple(
        f"{o.key_or_group.replace('/', '.')}."
        for o in typed
        if o.key_or_group in options and chosen.get(o.key_or_group) != o.value()
    )
    return [
        override
        for override in stored
        if override.key_or_group not in keys
        and not override.key_or_group.startswith(anew)
        and not override.key_or_group.startswith(NOT_SETTINGS)
    ]


def _without_additions(
    stored: Sequence[Override],
    options: Mapping[str, set[str]],
    trust: Sequence[str],
    console: Console,
) -> list[Override]:
    """Leave out what only watches the training and names code or places; say so."""
    left_out: list[str] = []
    for override in stored:
        key = override.key_or_group
        if key.startswith(("callbacks.", "logger.")) and _not_from_a_file(override, options, trust):
            # Without its class, the arguments of an addition are of no use.
            is_class = key.endswith("._target_")
            left_out.append(f"{key.rpartition('.')[0]}." if is_class else key)
            line = override.input_line
            warn(console, f"{line} is not taken from the checkpoint: give it again if wanted.")
    return [o for o in stored if not o.key_or_group.startswith(tuple(left_out))]


def _not_from_a_file(
    override: Override, options: Mapping[str, set[str]], trust: Sequence[str]
) -> str | None:
    """Return why an override is only taken where it is typed; None where it is taken."""
    key, value = override.key_or_group, override.value()
    parts = key.replace("/", ".").split(".")
    if key in options:
        is_known = value in options[key] and override.package is None
        return None if is_known else "names an option that is not here"
    names = value if isinstance(value, list) else [value]
    is_sweep = override.is_sweep_override()
    is_code = parts[-1] == "_target_" or (key in NAMING_CODE and any(map(is_dotted, names)))
    if is_code and not is_sweep and all(str(name).partition(".")[0] in trust for name in names):
        return None
    if is_code or is_sweep or not _is_plain(value) or any(part[:1] == "_" for part in parts):
        return "names code"
    if parts[-1] in TYPED_ONLY or parts[0] == "hydra":
        return "is for the command line alone"
    return None


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        return all(key[:1] != "_" and key not in TYPED_ONLY for key in keys) and all(
            map(_is_plain, value.values())
        )
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, bool | int | float | None) or "${" not in str(value)
