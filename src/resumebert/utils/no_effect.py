"""Settings that were typed and change nothing, since another setting decides."""

from collections.abc import Iterable, Iterator, Mapping

from omegaconf import DictConfig, OmegaConf

from resumebert.utils.settings import given_keys, value_of

WINDOWS = ("windows", "random_window")
STRATIFIED = ("stratified", "random")
# A key, or a group of them: the key that decides, and the values with which it has an effect.
NEEDS: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "data.fold": ("data/split", ("kfold",)),
    "data.shares.train": ("data/split", STRATIFIED),
    "data.shares.val": ("data/split", (*STRATIFIED, "kfold")),
    "data.shares.test": ("data/split", STRATIFIED),
    "data.split_column": ("data/split", ("column",)),
    "data.stride": ("data.long_documents", WINDOWS),
    "data.max_windows_train": ("data.long_documents", ("windows",)),
    "data.window_sampling": ("data.long_documents", ("windows",)),
    "data.label_separator": ("data.label_columns", (None,)),
    "model.pooling": ("data.long_documents", WINDOWS),
    "model.package": ("model.path", (None,)),
    "model.revision": ("model.path", (None,)),
    "model.sha256": ("model.path", (None,)),
    "evaluation.precision_floor": ("evaluation.thresholds", ("precision",)),
    "evaluation.recall_floor": ("evaluation.thresholds", ("recall", "guaranteed")),
    "evaluation.miss_cost": ("evaluation.thresholds", ("cost",)),
    "evaluation.false_alarm_cost": ("evaluation.thresholds", ("cost",)),
    "evaluation.threshold_resamples": ("evaluation.thresholds", ("f1", "cost")),
    "evaluation.slices": ("evaluation.report", (True,)),
    "evaluation.probes": ("evaluation.report", (True,)),
    "evaluation.label_noise": ("evaluation.report", (True,)),
    "evaluation.errors": ("evaluation.report", (True,)),
    "evaluation.label_words": ("evaluation.report", (True,)),
}


def without_effect(
    config: DictConfig, choices: Mapping[str, str], typed: Iterable[str]
) -> Iterator[str]:
    """Yield a line for each setting that was typed and has no effect.

    Args:
        config: of the command.
        choices: config group → the option chosen.
        typed: overrides, as on a command line.
    """
    for key in set(NEEDS).intersection(given_keys(typed)):
        decider, values = NEEDS[key]
        decides = value_of(config, choices, decider)
        is_there = OmegaConf.select(config, decider.replace("/", ".")) is not None
        if is_there and decides not in values:
            yield f"{key}={OmegaConf.select(config, key)} has no effect with {decider}={decides}."
