"""Every metric: its name, its better direction, its title and what it is.

Tables, report, leaderboard, TensorBoard and metrics.json all take them from here. The built-in
metrics are computed in one pass (:mod:`resumebert.evaluation.metrics`). A metric of one's own is a
function with the decorator :func:`metric`, named in the config:
``evaluation.metrics=[mylab.metrics.recall_at_3]``. This module imports no PyTorch, so that a name
can be checked before PyTorch is loaded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from resumebert.utils.errors import UserError
from resumebert.utils.trust import imported

Direction = Literal["max", "min"]
# From (n, L) probabilities in [0, 1], truth and decisions, NumPy arrays, to a number; nan where it
# is undefined.
Function = Callable[[Any, Any, Any], float]


@dataclass(frozen=True)
class Metric:
    """A metric of all labels, or of each label by itself.

    Attributes:
        name: in metrics.json and wherever a metric is chosen; no ``/`` in it.
        direction: ``max`` if higher is better, else ``min``.
        title: in tables.
        definition: what it is, in a few words.
        function: of a metric of one's own; None: the metric is built in.
        in_tables: whether it is in the table of an evaluation, or in metrics.json only.
    """

    name: str
    direction: Direction
    title: str
    definition: str
    function: Function | None = None
    in_tables: bool = True


# By name, in the order of tables and files.
METRICS: dict[str, Metric] = {}
# Names of other things in metrics.json.
TAKEN = ("loss", "n", "train_documents")
# The few that two models are compared by, and that TensorBoard's HParams shows.
MAIN = ("f1_micro", "f1_macro", "subset_accuracy", "ap_macro")


def register(metric: Metric) -> None:
    """Put a metric of all labels into the registry; the same name again replaces it.

    Raises:
        UserError: the name is that of a built-in metric, or can't be one.
    """
    is_taken = is_built_in(metric.name)
    if is_taken or not metric.name.isidentifier():
        why = "it is taken" if is_taken else "it must be one word of letters, digits and _"
        raise UserError(f"{metric.name}: no metric can have this name, since {why}. Give another.")
    METRICS[metric.name] = metric


def metric(
    *, direction: Direction = "max", title: str = "", definition: str = ""
) -> Callable[[Function], Function]:
    """Describe a function that is a metric; its own name is the metric's.

    Without a title it is the name with spaces, without a definition the docstring's first line.
    """

    def described(function: Function) -> Function:
        name = function.__name__
        words = definition or (function.__doc__ or "a metric of one's own").strip().splitlines()[0]
        found = Metric(name, direction, title or name.replace("_", " "), words, function)
        function.resumebert_metric = found  # type: ignore[attr-defined]
        return function

    return described


def load_metrics(names: Sequence[str]) -> list[Metric]:
    """Import the functions of the given dotted names, and register each as a metric.

    A function without the decorator is a metric of which higher is better.

    Raises:
        UserError: a name leads to no function, or to one that can't be a metric.
    """
    found = []
    for name in names:
        function = imported(name, "evaluation.metrics")
        if not hasattr(function, "resumebert_metric"):
            metric()(function)
        found.append(function.resumebert_metric)
        register(found[-1])
    return found


def metric_names(label_names: Sequence[str], own: Sequence[Metric] = ()) -> list[str]:
    """Return the names of the built-in metrics of these labels, and of ``own``; not the counts."""
    built_in = [name for name, each in METRICS.items() if each.function is None]
    by_label = [f"{kind}/{name}" for kind in OF_A_LABEL for name in label_names]
    return [*built_in, *(each.name for each in own), *by_label]


def is_built_in(name: str) -> bool:
    """Tell whether a name without ``/`` in metrics.json is not of a metric of somebody's own."""
    return name in TAKEN or (name in METRICS and METRICS[name].function is None)


def in_tables(values: Any) -> list[Metric]:
    """Return the metrics of an evaluation's table that are among the names ``values``."""
    return [each for each in METRICS.values() if each.in_tables and each.name in values]


def direction_of(name: str) -> Direction:
    """Return the better direction of a metric of all labels, of one label, or of the loss."""
    if name == "loss":
        return "min"
    kind, _, label = name.partition("/")
    return (OF_A_LABEL if label else METRICS)[kind].direction


# fmt: off
# Of each label by itself: "f1" is f1/<label> in metrics.json.
OF_A_LABEL = {name: Metric(name, "max", title, definition) for name, title, definition in (
    ("f1", "F1", "2 TP / (2 TP + FP + FN)"),
    ("precision", "precision", "TP / (TP + FP)"),
    ("recall", "recall", "TP / (TP + FN)"),
    ("ap", "average precision", "Σ (Rₙ − Rₙ₋₁) Pₙ, not interpolated"),
    ("auroc", "AUROC", "area under the ROC curve"),
)}
_AVERAGES = (
    ("micro", "micro", "of all decisions together"),
    ("macro", "macro", "mean of the labels that some document has"),
    ("weighted", "weighted", "mean of the labels, weighted by their positives"),
    ("samples", "per document", "mean of each document's own value"),
)
_OTHERS: tuple[tuple[str, Direction, str, str], ...] = (
    ("ap_micro", "max", "average precision micro", "of all (document, label) pairs together"),
    ("ap_macro", "max", "average precision macro", "mean of the labels, at any threshold"),
    ("auroc_macro", "max", "AUROC macro", "mean of the labels' areas under the ROC curve"),
    ("subset_accuracy", "max", "subset accuracy", "share of documents with every label right"),
    ("hamming_loss", "min", "Hamming loss", "share of (document, label) pairs that are wrong"),
    ("lrap", "max", "LRAP", "label ranking average precision, in (0, 1]"),
    ("coverage_error", "min", "coverage error", "mean rank of the lowest-ranked true label"),
    ("ranking_loss", "min", "ranking loss", "share of (true, false) label pairs ranked wrongly"),
    ("ece", "min", "calibration error", "mean gap of probabilities, of all pairs in 15 bins"),
)
# fmt: on
for _kind in ("f1", "precision", "recall"):
    for _average, _words, _mean in _AVERAGES:
        _title = f"{OF_A_LABEL[_kind].title} {_words}"
        _is_shown = _kind == "f1" or _average == "micro"
        register(Metric(f"{_kind}_{_average}", "max", _title, _mean, in_tables=_is_shown))
for _name, _direction, _title, _definition in _OTHERS:
    register(Metric(_name, _direction, _title, _definition, in_tables=_name != "ap_micro"))
