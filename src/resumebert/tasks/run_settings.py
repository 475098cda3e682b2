"""The settings of the run that training goes on with: taken over, compared, refused.

A checkpoint holds what was typed for its run. Of that, what is typed again is taken as typed now,
and the rest from the file, in which anyone may have written anything: the names of options that are
here, and plain values of keys that name neither code nor a place to write to.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from resumebert.utils.durable_files import write_text
from resumebert.utils.errors import UserError
from resumebert.utils.folders import is_folder
from resumebert.utils.interrupted_runs import newest_interrupted
from resumebert.utils.processes import is_first_process
from resumebert.utils.settings import NOT_SETTINGS, quoted
from resumebert.utils.trust import is_dotted, packages

if TYPE_CHECKING:
    from resumebert.data.tokenization import TextTokenizer
    from resumebert.model.checkpoint import Resumable

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
# Never from a file: they relax what is safe, ask the network, import a package, or say where to
# write.
TYPED_ONLY = frozenset({
    "allow_pickle", "trust", "cache", "package", "pip_name", "revision", "sha256", "name",
    "plugins", "dirpath", "filename", "save_dir", "default_root_dir", "dir", "log_dir", "sub_dir",
    "version", "tracking_uri", "artifact_location",
})  # fmt: skip
# Beside each _target_: what may be the dotted name, or names, of the user's own.
NAMING_CODE = ("model.pooling", "evaluation.calibration", "evaluation.metrics")
# Of a BERT config: what decides the shapes of its weights.
SIZES = ("num_", "_size", "max_position_embeddings")
# As conf/hydra/default.yaml has it.
RUNS = "outputs/train/RUN"
# Where a run lies and what it is for differs from run to run.
NOT_COMPARED = ("output_dir", "ckpt_path", "data.reader", "trainer.default_root_dir", "trust")


def overrides_to_store(config: DictConfig, paths: Sequence[str]) -> list[str] | None:
    """Return what to type for this run from any folder; None if it was not started by Hydra.

    Args:
        config: of the run.
        paths: keys that hold paths, absolute in ``config``.
    """
    if not _is_command():
        return None
    kept = []
    for override in _parsed(HydraConfig.get().overrides.task):
        key = override.key_or_group
        if key.startswith((*NOT_SETTINGS, "trust")):
            continue
        value = OmegaConf.select(config, key) if key in paths else None
        kept.append(str(override.input_line if value is None else f"{key}={quoted(Path(value))}"))
    return kept


def taken_over(arguments: Sequence[str], conf: Path, console: Console) -> list[str]:
    """Return a command line with the settings of the run that its ``ckpt_path`` is of.

    Where the checkpoint does not hold what was typed for its run, nothing is added.

    Args:
        arguments: what was typed.
        conf: the folder of the config groups.
        console: where what is not taken over is said.

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
        _say(console, f"{path} does not hold what was typed for its run: give it again.")
        return list(arguments)
    try:
        stored = _parsed(overrides)
    except (HydraException, TypeError) as error:
        raise UserError(f"ckpt_path={path}: what was typed for its run is damaged.") from error
    with initialize_config_dir(str(conf), version_base="1.3"):
        kept = _without_additions(_without_typed(stored, typed), trust, console)
        for override in kept:
            if reason := _not_from_a_file(override, trust):
                line = str(override.input_line)
                raise UserError(
                    f"ckpt_path={path}: its run was started with {line}, which {reason}, so it is "
                    f"not taken from the file. Give it again, or another value: "
                    + shlex.join(["python", "train.py", line, *arguments])
                )
    mine = [
        f"ckpt_path={quoted(path)}" if o.key_or_group == "ckpt_path" else str(o.input_line)
        for o in typed
    ]
    flags = [item for item in arguments if not _is_override(item)]
    return [*flags, *(str(override.input_line) for override in kept), *mine]


def check_changes(run: "Resumable", config: DictConfig) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ from those of the run so far: key → before, now.

    Raises:
        UserError: training can't go on with one of them.
    """
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    changed = {
        key: values
        for key, values in _differences(run.extras.config, plain)
        if not key.startswith(NOT_COMPARED) and not _follows(config, key)
    }
    for key, (was, now) in changed.items():
        given = f"{key}={_short(now)}: the checkpoint ckpt_path={config.ckpt_path} was trained with"
        if key.startswith(FIXED) or (key == "optimizer.layer_decay" and 1 in (was, now)):
            raise UserError(
                f"{given} {_short(was)}, and its weights and optimizer fit nothing else. Give "
                f"{key}={_short(was)}, or start afresh without ckpt_path."
            )
        if run.batches and key in OF_AN_EPOCH:
            raise UserError(
                f"{given} {_short(was)}, and ends within epoch {run.epochs + 1}, after "
                f"{run.batches} of its batches: with {_short(now)} the rest would be others. "
                f"Give {key}={_short(was)}; from the end of an epoch on it can be changed."
            )
    if config.trainer.max_epochs < run.epochs:
        raise UserError(
            f"trainer.max_epochs={config.trainer.max_epochs}: the checkpoint ckpt_path="
            f"{config.ckpt_path} has {run.epochs} epochs behind it. Give as many at least."
        )
    return changed


def check_same_model(
    run: "Resumable", bert_config: Mapping[str, Any], tokenizer: "TextTokenizer", checkpoint: Path
) -> None:
    """Check that a model, which may lie elsewhere now, is the one that the run began with.

    Raises:
        UserError: it is not.
    """
    sizes = [key for key in bert_config if key.startswith(SIZES) or key.endswith(SIZES)]
    different = [key for key in sizes if bert_config[key] != run.bert_config.get(key)]
    if tokenizer.files != run.extras.tokenizer_files:
        different.append("the tokenizer")
    if different:
        raise UserError(
            f"ckpt_path={checkpoint}: it was trained with another model than model.path or "
            f"model.name gives now ({', '.join(different)}). Give the one that it was trained "
            "with, or start afresh without ckpt_path."
        )


def say_changes(changed: Mapping[str, tuple[Any, Any]], step: int, console: Console) -> None:
    """Print a line for each setting that is another one from ``step`` on."""
    for key, (was, now) in changed.items():
        _say(console, f"{key} {_short(was)} → {_short(now)} from step {step} on")


def store_config(config: DictConfig) -> None:
    """Put the config that trains into the run's ``.hydra``, where Hydra has put the typed one."""
    if not (_is_command() and is_first_process()):
        return
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir) / (hydra.output_subdir or "")
    if hydra.output_subdir and folder.is_dir():
        write_text(folder / "config.yaml", OmegaConf.to_yaml(config))
        typed = OmegaConf.create(list(hydra.overrides.task))
        write_text(folder / "overrides.yaml", OmegaConf.to_yaml(typed))


def _is_override(item: str) -> bool:
    return not item.startswith("-") and ("=" in item or item.startswith("~"))


def _say(console: Console, line: str) -> None:
    console.print(line, style="yellow", highlight=False, soft_wrap=True)


def _is_command() -> bool:
    return HydraConfig.initialized() and GlobalHydra.instance().is_initialized()


def _parsed(lines: Sequence[str]) -> list[Override]:
    parsed: list[Override] = OverridesParser.create().parse_overrides(list(lines))
    return parsed


def _without_typed(stored: Sequence[Override], typed: Sequence[Override]) -> list[Override]:
    """Return what is not typed anew: neither itself, nor the group or option that it is of."""
    keys = {override.key_or_group for override in typed}
    options = {o.key_or_group: o.value() for o in stored if _options(o.key_or_group)}
    anew = tuple(
        f"{o.key_or_group.replace('/', '.')}."
        for o in typed
        if _options(o.key_or_group) and options.get(o.key_or_group) != o.value()
    )
    return [
        override
        for override in stored
        if override.key_or_group not in keys
        and not override.key_or_group.startswith(anew)
        and not override.key_or_group.startswith(NOT_SETTINGS)
    ]


def _without_additions(
    stored: Sequence[Override], trust: Sequence[str], console: Console
) -> list[Override]:
    """Leave out what only watches the training and names code or places; say so."""
    left_out: list[str] = []
    for override in stored:
        key = override.key_or_group
        if key.startswith(("callbacks.", "logger.")) and _not_from_a_file(override, trust):
            # Without its class, the arguments of an addition are of no use.
            is_class = key.endswith("._target_")
            left_out.append(f"{key.rpartition('.')[0]}." if is_class else key)
            line = override.input_line
            _say(console, f"{line} is not taken from the checkpoint: give it again if wanted.")
    return [o for o in stored if not o.key_or_group.startswith(tuple(left_out))]


def _options(group: str) -> list[str]:
    return GlobalHydra.instance().config_loader().get_group_options(group)


def _not_from_a_file(override: Override, trust: Sequence[str]) -> str | None:
    """Return why an override is only taken where it is typed; None where it is taken."""
    key, value = override.key_or_group, override.value()
    parts = key.replace("/", ".").split(".")
    if options := _options(key):
        is_known = value in options and override.package is None
        return None if is_known else "names an option that is not here"
    names = value if isinstance(value, list) else [value]
    is_code = parts[-1] == "_target_" or (key in NAMING_CODE and any(map(is_dotted, names)))
    is_trusted = all(str(name).partition(".")[0] in trust for name in names)
    if is_code and not override.is_sweep_override() and is_trusted:
        return None
    if is_code or override.is_sweep_override() or not _is_plain(value):
        return "names code"
    if any(part[:1] == "_" for part in parts):
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


def _follows(config: DictConfig, key: str) -> bool:
    """Tell whether a key only follows another, which is compared itself."""
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    return isinstance(node, DictConfig) and name in node and OmegaConf.is_interpolation(node, name)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["_target_"]) if "_target_" in value else str(dict(value))
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
