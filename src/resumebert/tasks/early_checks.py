"""What is told of a mistake before PyTorch is loaded, which takes seconds and, at times, a minute.

All of it is checked again where it is used: these functions are called by the commands, not by who
uses the library.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from resumebert.evaluation.registry import OF_A_LABEL, direction_of, load_metrics, metric_names
from resumebert.settings.calls import made
from resumebert.settings.compose import eval_settings, export_settings, train_settings
from resumebert.settings.rules import without_effect
from resumebert.settings.schema import DataSettings, MonitorSettings, Options
from resumebert.utils.console import make_console, warn
from resumebert.utils.durable_files import check_is_free
from resumebert.utils.errors import UserError
from resumebert.utils.folders import EXPORTED, checkpoint_file
from resumebert.utils.processes import is_first_process

# Data that are read in a second or two are read for the sake of the check, and again for the work.
SMALL = 4_000_000
ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")
# Loggers that take a package of their own, which is the name of its extra too.
SERVICES = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow"}


def check_training(config: DictConfig) -> None:
    """Check what can be checked of a config of train.py."""
    settings = train_settings(config, absolute=False)
    check_monitor(settings.monitor, settings.evaluation.metrics)
    _check_is_there("ckpt_path", settings.ckpt_path)
    _check_is_there("model.path", settings.model.path)
    _check_services(settings.logger or {})
    _check_data(settings.data)
    if HydraConfig.initialized():
        hydra = HydraConfig.get()
        for words in without_effect(settings.whole, hydra.runtime.choices, hydra.overrides.task):
            warn(make_console(), f"Warning: {words}")


def check_evaluation(config: DictConfig) -> None:
    """Check what can be checked of a config of eval.py."""
    settings = eval_settings(config)
    checkpoint_file(Path(settings.ckpt))
    if settings.compare_to not in (None, "baseline"):
        checkpoint_file(Path(str(settings.compare_to)), "compare_to")
    if settings.data is not None:
        _check_data(DataSettings.of(settings.data))


def check_export(config: DictConfig) -> None:
    """Check what can be checked of a config of export.py."""
    settings = export_settings(config)
    path = Path(settings.ckpt)
    if not (path.expanduser() / EXPORTED).is_file():
        checkpoint_file(path)
    check_is_free(Path(settings.output), "output")
    for package in ONNX_PACKAGES if settings.format == "onnx" else ():
        if find_spec(package) is None:
            raise UserError(
                f"format=onnx: the package {package} is not installed: pip install "
                "'resumebert[onnx]'."
            )


def check_monitor(
    monitor: MonitorSettings, metrics: Sequence[str], label_names: Sequence[str] | None = None
) -> None:
    """Check that the best checkpoint is chosen by a metric that there is, the right way round.

    ``metrics`` are the user's own. Where labels are not known yet, any metric of one passes.
    """
    metric, mode = monitor.metric, monitor.mode
    names = metric_names(label_names or (), load_metrics(metrics))
    known = [f"val/{name}" for name in ("loss", *names)]
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


def _check_services(loggers: Options) -> None:
    for entry in loggers.values():
        package = SERVICES.get(str((entry or {}).get("_target_")).rpartition(".")[2])
        if package is not None and find_spec(package) is None:
            raise UserError(
                f"logger={package}: its package is not installed: pip install "
                f"'resumebert[{package}]'. Or choose another logger: tensorboard, csv, none."
            )


def _check_data(data: DataSettings) -> None:
    # Imported here, so that a wrong value is told at once.
    from resumebert.data.cleaning import clean
    from resumebert.data.splitting import checked_shares
    from resumebert.data.windows import Windowing

    clean("", data.cleaning)
    _check_is_there("data.split.manifest", data.split.get("manifest"))
    if str(data.split["_target_"]).endswith((".stratified_split", ".random_split")):
        checked_shares(*(data.split[name] for name in ("train", "val", "test")))
    # Else they come with the package, are fetched, or another reader knows where they are.
    reader = data.reader
    is_users = "labels_column" in reader or reader.get("path") is not None
    is_ours = str(reader["_target_"]).startswith("resumebert.")
    if is_users and is_ours and is_first_process() and _is_small(reader):
        made(reader)()
    Windowing(data.long_documents, data.max_length, data.stride)


def _is_small(reader: Options) -> bool:
    names = [name for key in ("path", "labels_file") if (name := reader.get(key))]
    paths = [Path(name).expanduser() for name in names]
    files = (file for path in paths for file in (path, *path.rglob("*")))
    sizes = (file.stat().st_size for file in files if file.is_file())
    return all(total <= SMALL for total in accumulate(sizes))


def _check_is_there(key: str, given: str | None) -> None:
    if given is None or Path(given).expanduser().exists():
        return
    path = Path(given).expanduser()
    sought = "" if path.is_absolute() else f" It was sought from the folder {Path.cwd()}."
    raise UserError(f"{key}={path}: there is no such file or folder.{sought} Check {key}.")
