"""What is told of a mistake before PyTorch is loaded, which takes seconds and, at times, a minute.

All of it is checked again where it is used: these functions are called by the commands, not by who
uses the library.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from resumebert.evaluation.registry import OF_A_LABEL, direction_of, load_metrics, metric_names
from resumebert.utils.config_checks import check_values
from resumebert.utils.console import make_console
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file, newest_run
from resumebert.utils.interrupted_runs import newest_interrupted
from resumebert.utils.no_effect import without_effect
from resumebert.utils.processes import is_first_process
from resumebert.utils.settings import command_line

# A file, a folder (as those of a sweep's runs) or a column may be named 7.
TEXTS = ("data.path", "data.labels_file", "data.split.manifest", "model.path", "ckpt_path", "ckpt",
         "compare_to", "data.text_column", "data.file_column", "data.id_column",
         "data.labels_column", "data.split_column", "data.sheet")  # fmt: skip
# Data that are read in a second or two are read for the sake of the check, and again for the work.
SMALL = 4_000_000
# Loggers that take a package of their own, which is the name of its extra too.
SERVICES = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow"}


def check_training(config: DictConfig) -> None:
    """Check what can be checked of a config of train.py.

    Raises:
        UserError: a value is wrong, a file is missing, or the data can't be read as configured.
    """
    _check_settings(config)
    check_monitor(config)
    if config.ckpt_path == "last":
        newest_interrupted(Path(config.output_dir).absolute().parent)
    elif config.ckpt_path is not None:
        _check_is_there(config, "ckpt_path")
    if config.model.path is not None:
        _check_is_there(config, "model.path")
    _check_services(config)
    _check_data(config)
    _say_what_has_no_effect(config)


def _check_services(config: DictConfig) -> None:
    for entry in (config.get("logger") or {}).values():
        package = SERVICES.get(str((entry or {}).get("_target_")).rpartition(".")[2])
        if package is not None and find_spec(package) is None:
            raise UserError(
                f"logger={package}: its package is not installed: pip install "
                f"'resumebert[{package}]'. Or choose another logger: tensorboard, csv, none."
            )


def check_evaluation(config: DictConfig) -> None:
    """Check what can be checked of a config of eval.py.

    Raises:
        UserError: a value is wrong, a file is missing, or the data can't be read as configured.
    """
    if OmegaConf.is_missing(config, "ckpt"):
        newest = newest_run(Path("outputs/train"))
        raise UserError(
            "ckpt is not given: which model to evaluate. Give a run's folder or a checkpoint: "
            f"{command_line('python', 'eval.py', ckpt=newest or 'outputs/train/DATE_TIME')}"
        )
    _check_settings(config)
    checkpoint_file(Path(config.ckpt))
    if config.compare_to not in (None, "baseline"):
        checkpoint_file(Path(config.compare_to), "compare_to")
    if OmegaConf.select(config, "data") is not None:
        _check_data(config)


def check_monitor(config: DictConfig, label_names: Sequence[str] | None = None) -> None:
    """Check that the best checkpoint is chosen by a metric that there is, the right way round.

    Args:
        config: of the run.
        label_names: None: they are not known yet, and a metric of one label passes.

    Raises:
        UserError: it is not.
    """
    metric, mode = config.monitor.metric, config.monitor.mode
    own = load_metrics(config.evaluation.metrics)
    known = [f"val/{name}" for name in ("loss", *metric_names(label_names or (), own))]
    of_a_label = metric.startswith(tuple(f"val/{kind}/" for kind in OF_A_LABEL))
    if metric not in known and not (of_a_label and label_names is None):
        overall = [name for name in known if name.count("/") == 1]
        example = known[-1] if label_names else "val/f1/LABEL"
        raise UserError(
            f"monitor.metric={metric}: there is no such validation metric. Choose one of "
            f"{', '.join(overall)}, or one of a single label, such as {example}."
        )
    right = direction_of(metric.removeprefix("val/"))
    if mode != right:
        raise UserError(
            f"monitor.mode={mode}: the best {metric} is its {right}imum, and the worst checkpoint "
            f"would be kept. Give monitor.mode={right}."
        )


def _check_settings(config: DictConfig) -> None:
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise UserError(f"{', '.join(missing)}: no value is given. Give one as {missing[0]}=VALUE.")
    for key in TEXTS:
        value = OmegaConf.select(config, key)
        if isinstance(value, int) and not isinstance(value, bool):
            OmegaConf.update(config, key, str(value))
    check_values(config)


def _check_data(config: DictConfig) -> None:
    # Imported here and below, so that a wrong value is told at once.
    from resumebert.data.cleaning import clean
    from resumebert.data.splitting import checked_shares

    data = config.data
    clean("", data.cleaning)
    if OmegaConf.select(data, "split.manifest") is not None:
        _check_is_there(config, "data.split.manifest")
    if data.split._target_.endswith((".stratified_split", ".random_split")):
        checked_shares(data.split.train, data.split.val, data.split.test)
    # Else they come with the package, are fetched, or another reader knows where they are.
    is_users = "labels_column" in data.reader or data.get("path") is not None
    if is_users and is_first_process() and _is_small(data):
        instantiate(data.reader)()
    from resumebert.data.windows import Windowing, window_length

    length = window_length(data.max_length, data.long_documents)
    Windowing(data.long_documents, length, data.stride)


def _is_small(data: DictConfig) -> bool:
    names = [name for key in ("path", "labels_file") if (name := data.get(key))]
    paths = [Path(name).expanduser() for name in names]
    files = (file for path in paths for file in (path, *path.rglob("*")))
    sizes = (file.stat().st_size for file in files if file.is_file())
    return all(total <= SMALL for total in accumulate(sizes))


def _check_is_there(config: DictConfig, key: str) -> None:
    path = Path(OmegaConf.select(config, key)).expanduser()
    if not path.exists():
        sought = "" if path.is_absolute() else f" It was sought from the folder {Path.cwd()}."
        raise UserError(f"{key}={path}: there is no such file or folder.{sought} Check {key}.")


def _say_what_has_no_effect(config: DictConfig) -> None:
    if not HydraConfig.initialized():
        return
    hydra = HydraConfig.get()
    for words in without_effect(config, hydra.runtime.choices, hydra.overrides.task):
        make_console().print(f"Warning: {words}", style="yellow", highlight=False, soft_wrap=True)
