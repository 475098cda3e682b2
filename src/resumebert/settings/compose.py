"""From what is typed to frozen settings: the one place where a config is checked and resolved."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict

from resumebert.settings.rules import OF_APP, OF_EXPORT, OF_PREDICT, REQUIREMENTS, check_values
from resumebert.settings.schema import (
    AppSettings,
    DataSettings,
    EvalSettings,
    ExportSettings,
    PredictSettings,
    TrainSettings,
    WholeConfig,
    frozen,
)
from resumebert.utils.command_line import command_line
from resumebert.utils.errors import UserError
from resumebert.utils.folders import newest_run
from resumebert.utils.interrupted_runs import newest_interrupted
from resumebert.utils.requirements import Requirement

# Of a clone, which an editable install points to.
FOLDER = Path(__file__).parents[3] / "conf"
# A file, a folder (as those of a sweep's runs) or a column may be named 7.
TEXTS = (
    "data.path", "data.labels_file", "data.split.manifest", "model.path", "ckpt_path", "ckpt",
    "compare_to", "data.text_column", "data.file_column", "data.id_column", "data.labels_column",
    "data.split_column", "data.sheet", "output", "input", "text_column", "id_column", "sheet",
    "token", "corrections",
)  # fmt: skip
# Relative paths are relative to where the command was typed.
PATHS = (
    "data.path", "data.reader.path", "data.labels_file", "data.split.manifest", "model.path",
    "ckpt_path", "output_dir",
)  # fmt: skip


def compose(
    overrides: Sequence[str] = (), *, name: str = "train", folder: str | Path | None = None
) -> DictConfig:
    """Return the config that ``python train.py OVERRIDES`` would have, for a notebook or a script.

    Args:
        overrides: as on the command line: ``["trainer.max_epochs=3", "model=bert_tiny"]``.
        name: ``train``, ``eval`` for :func:`resumebert.evaluate`, or ``predict`` for
            :func:`resumebert.predict`.
        folder: of the config files; None: ``conf/`` of the clone that this package lies in.

    Returns:
        The config; its ``output_dir`` is ``outputs/NAME/DATE_TIME`` unless the overrides give one.

    Raises:
        UserError: there is no such folder.
        hydra.errors.HydraException: there is no such key, or no such choice.
    """
    found = FOLDER if folder is None else Path(folder)
    if not (found / f"{name}.yaml").is_file():
        raise UserError(
            f"{found} holds no {name}.yaml. The config files are in conf/ of the repository: give "
            "folder=PATH."
        )
    given = list(overrides)
    has_folder = name in ("train", "eval")
    if has_folder and not any(override.lstrip("+").startswith("output_dir=") for override in given):
        given.append(f"output_dir=outputs/{name}/{datetime.now():%Y-%m-%d_%H-%M-%S}")
    with initialize_config_dir(str(found.resolve()), version_base="1.3"):
        config = hydra_compose(name, given)
    if "typed" in config:
        config.typed = list(overrides)
    return config


def train_settings(
    config: DictConfig, changes: Mapping[str, Any] | None = None, *, absolute: bool = True
) -> TrainSettings:
    """Check a config of train.py, resolve what takes neither hardware nor data, and freeze it.

    ``changes`` replace keys of the config. ``absolute`` writes relative paths out, so that the
    config in the checkpoint holds from any folder; else messages name them as they were typed.
    """
    config = _checked(config, changes or {})
    if config.ckpt_path == "last":
        config.ckpt_path = str(newest_interrupted(Path(config.output_dir).absolute().parent))
    for key in PATHS if absolute else ():
        value = OmegaConf.select(config, key)
        # A label file that is not here is looked for in data.path.
        if value is not None and (key != "data.labels_file" or Path(value).expanduser().is_file()):
            OmegaConf.update(config, key, str(Path(value).expanduser().resolve()))
    # The checkpoint says what "auto" meant.
    config.data.max_length = DataSettings.of(plain_config(config.data)).max_length
    plain = plain_config(config)
    whole = WholeConfig(frozen(plain), OmegaConf.to_yaml(config), frozenset(_following(config)))
    return TrainSettings.of({**plain, "whole": whole})


def eval_settings(config: DictConfig) -> EvalSettings:
    """Check a config of eval.py, and freeze it; the config is not changed."""
    _check_is_given(config, "which model to evaluate", "python", "eval.py")
    plain = plain_config(_checked(config, {}))
    if plain["typed"] is None and HydraConfig.initialized():
        plain["typed"] = list(HydraConfig.get().overrides.task)
    return EvalSettings.of(plain)


def export_settings(config: DictConfig) -> ExportSettings:
    """Check a config of export.py, and freeze it; the config is not changed."""
    _check_is_given(config, "which model to export", "python", "export.py", "output=FOLDER")
    return ExportSettings.of(plain_config(_checked(config, {}, OF_EXPORT)))


def predict_settings(config: DictConfig) -> PredictSettings:
    """Check a config of predict.py, and freeze it; the config is not changed."""
    _check_is_given(
        config, "which model labels", "python", "predict.py", "input=PATH", "output=F.csv"
    )
    return PredictSettings.of(plain_config(_checked(config, {}, OF_PREDICT)))


def app_settings(config: DictConfig) -> AppSettings:
    """Check a config of app.py, and freeze it; the config is not changed."""
    _check_is_given(config, "which model labels", "python", "app.py")
    return AppSettings.of(plain_config(_checked(config, {}, OF_APP)))


def plain_config(config: Any) -> dict[str, Any]:
    """Return a config, or the part of one that a checkpoint holds, as resolved plain Python."""
    found = config if OmegaConf.is_config(config) else OmegaConf.create(config)
    plain: dict[str, Any] = OmegaConf.to_container(found, resolve=True)  # type: ignore[assignment]
    return plain


def _check_is_given(config: DictConfig, what: str, *command: str) -> None:
    if OmegaConf.is_missing(config, "ckpt"):
        newest = newest_run(Path("outputs/train")) or "outputs/train/DATE_TIME"
        raise UserError(
            f"ckpt is not given: {what}. Give a run's folder or a checkpoint: "
            f"{command_line(*command, ckpt=newest)}"
        )


def _checked(
    config: DictConfig,
    changes: Mapping[str, Any],
    requirements: Mapping[str, Requirement] = REQUIREMENTS,
) -> DictConfig:
    """Return a copy of a config, with changes, once its values are known to be right."""
    config = deepcopy(config)
    with open_dict(config):
        for key, value in changes.items():
            OmegaConf.update(config, key, value, merge=False)
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise UserError(f"{', '.join(missing)}: no value is given. Give one as {missing[0]}=VALUE.")
    for key in TEXTS:
        value = OmegaConf.select(config, key)
        if isinstance(value, int) and not isinstance(value, bool):
            OmegaConf.update(config, key, str(value))
    check_values(config, requirements)
    return config


def _following(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield the keys whose values only follow others: ``${data.path}``."""
    for name in map(str, config):
        if OmegaConf.is_interpolation(config, name):
            yield prefix + name
        elif isinstance(config[name], DictConfig):
            yield from _following(config[name], f"{prefix}{name}.")
