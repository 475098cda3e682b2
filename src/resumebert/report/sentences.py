"""What the report, the model card and the console say in sentences."""

import math
from pathlib import Path

import numpy as np
import torch

from resumebert.charts.words import count, listed, number, p_words, with_ends
from resumebert.evaluation.comparison import Compared, Difference
from resumebert.evaluation.metrics import undefined
from resumebert.evaluation.result import ABSTAIN, PLAIN_THRESHOLD, TUNED, EvaluationResult
from resumebert.evaluation.top1 import TOP1_WHY
from resumebert.report.inputs import ReportInput
from resumebert.report.tables import is_of_label
from resumebert.utils.floats import to_probabilities

# Below this the interval of a label's F1 is wide, and as an interval too short.
FEW_POSITIVES = 30
# Below this a difference is called more than chance.
LEVEL = 0.05


def verdict(report: ReportInput) -> list[str]:
    """Say how good the model is, and whether it beats the baseline."""
    result = report.result
    name = f"{TUNED}f1_micro"
    said = [
        f"On the {len(result.truth):,} documents of the {result.split} split the model reaches F1 "
        f"micro {_figure(result, name)} at the thresholds tuned on validation, and gives "
        f"{_figure(result, f'{TUNED}subset_accuracy')} of the documents exactly the right labels."
    ]
    other = result.baseline
    if other is None:
        return [*said, "No linear baseline was trained, so nothing says whether that is much."]
    trained = result.baseline_note or "trained on the same documents"
    said.append(f"A linear model over words, {trained}, reaches {_figure(other, name)}.")
    mine, theirs = result.intervals.get(name), other.intervals.get(name)
    if mine is None or theirs is None or math.isnan(mine[0] + theirs[0]):
        return said
    if mine[0] > theirs[1]:
        said.append("The model's interval lies wholly above the baseline's.")
    elif mine[1] < theirs[0]:
        said.append("The model is worse than the baseline: its interval lies wholly below.")
    elif report.compared is not None and report.compared.with_baseline:
        said.append("The two intervals overlap: see the comparison document by document.")
    else:
        said.append(
            "The two intervals overlap, so they do not tell which is better. A comparison document "
            "by document can: eval.py compare_to=baseline."
        )
    return said


def use_words(result: EvaluationResult) -> list[str]:
    """Say for which labels the model is good, and from which probability on it gives them."""
    known = [
        (result.metrics[f"{TUNED}f1/{name}"], name)
        for name in result.label_names
        if not math.isnan(result.metrics[f"{TUNED}f1/{name}"])
    ]
    said = []
    if len(known) > 1:
        order = sorted(known, key=lambda pair: -pair[0])
        some = min(2, len(order) // 2)
        best, worst = (
            listed([f"{name} (F1 {number(value)})" for value, name in part])
            for part in (order[:some], order[::-1][:some])
        )
        said.append(f"It is best at {best}, and worst at {worst}.")
    lowest, highest = int(np.argmin(result.thresholds)), int(np.argmax(result.thresholds))
    low, high = (
        f"{number(result.thresholds[column])} ({result.label_names[column]})"
        for column in (lowest, highest)
    )
    if lowest == highest:
        said.append(f"A label is given from a probability of {number(result.thresholds[0])} on.")
    else:
        said.append(f"Each label is given from a probability of its own on: {low} to {high}.")
    return [*said, "The labels are suggestions: a person decides."]


def _figure(result: EvaluationResult, name: str) -> str:
    return with_ends(result.metrics[name], result.intervals.get(name))


def notes(result: EvaluationResult) -> list[str]:
    """Say what a reader of the figures must know: undefined metrics, labels never predicted."""
    absent = [name for name in result.label_names if result.metrics[f"support/{name}"] == 0]
    found = []
    if absent:
        found.append(
            f"No document has the label {', '.join(absent)}: its metrics are undefined (null), and "
            "it is left out of the macro and weighted averages."
        )
    found += decision_notes(result)
    rest = [name for name in undefined(result.metrics) if "/" not in name]
    if rest:
        found.append(f"Undefined on these documents (null): {', '.join(rest)}.")
    return found


def decision_notes(result: EvaluationResult) -> list[str]:
    """Name the labels that are predicted for no document, or for all of them."""
    plain = to_probabilities(torch.from_numpy(result.logits)).numpy() >= PLAIN_THRESHOLD
    found = []
    for where, predicted in (("at 0.5", plain), ("at the tuned thresholds", result.predicted)):
        never = result.names(np.asarray(result.truth.any(axis=0) & ~predicted.any(axis=0)))
        if never:
            found.append(
                f"Never predicted {where}: {', '.join(never)}. No probability reaches the "
                "threshold, so recall and F1 are 0 and precision is undefined (null)."
            )
        always = result.names(np.asarray(predicted.all(axis=0) & ~result.truth.all(axis=0)))
        if always:
            found.append(
                f"Predicted {where} for every document: {', '.join(always)}. No probability lies "
                "below the threshold, so precision is no more than the label's share of them."
            )
    return found


def warnings(report: ReportInput) -> list[str]:
    """Say what to know before any figure: labels never predicted, rare labels, no comparison."""
    result = report.result
    found = notes(result)
    few = [
        f"{name} ({documents})"
        for name, documents in zip(result.label_names, result.truth.sum(axis=0), strict=True)
        if 0 < documents < FEW_POSITIVES
    ]
    if few:
        found.append(
            f"Fewer than {FEW_POSITIVES} documents have the label {listed(few)}: one document "
            "more or less moves these figures by points, and their intervals are too short."
        )
    if not result.intervals:
        found.append("No intervals were computed: differences of a point or two mean nothing here.")
    if result.baseline is None:
        found.append(f"There is no linear baseline to compare with. {result.baseline_note}".strip())
    elif result.baseline_note:
        found.append(
            f"The linear baseline was {result.baseline_note}. The full one may score higher."
        )
    return list(dict.fromkeys([*found, *report.notes]))


def missing(report: ReportInput) -> list[str]:
    """Name what a report can have and this one has not."""
    analysis = report.analysis
    parts = {
        "validation figures beside those of the test": len(report.results) > 1,
        "learning curves": report.history,
        "slices": analysis.slices,
        "the documents without the words of the labels": analysis.words_removed,
        "the exchange of names and gendered words": analysis.swaps,
        "errors with their texts": analysis.errors is not None,
        "a list of suspect labels": analysis.suspects is not None,
        "the data report": report.data_report,
        "the config": report.config_yaml,
        "the environment": report.environment,
    }
    return [name for name, there in parts.items() if not there]


def compared_words(compared: Compared) -> list[str]:
    """Say which of two models is better, and whether by more than chance."""
    found = compared.found.metrics
    said = [
        f"On the same {count(compared.found.documents, 'document')}, at the tuned thresholds of "
        f"each, this model differs from {_run_of(compared.names[0])} by "
        f"{_apart(found['f1_micro'])} in F1 micro and by {_apart(found['f1_macro'])} in F1 macro."
    ]
    of_labels = {
        name.removeprefix("f1/"): each for name, each in found.items() if is_of_label(name)
    }
    clear = [
        f"{name} ({number(each.difference, signed=True)})"
        for name, each in of_labels.items()
        if each.p_holm < LEVEL
    ]
    if clear:
        said.append(
            f"{len(clear)} of {count(len(of_labels), 'label')} differ by more than chance, "
            f"corrected for their number: {listed(clear)}."
        )
    else:
        said.append("No single label differs by more than chance.")
    return said


def _apart(difference: Difference) -> str:
    if math.isnan(difference.p):
        return "an undefined value"
    words = with_ends(difference.difference, (difference.low, difference.high), signed=True)
    chance = "more" if difference.p < LEVEL else "no more"
    return f"{words} (p = {p_words(difference.p)}: {chance} than chance would give)"


def _run_of(name: str) -> str:
    """Return the run's folder of a checkpoint, which tells more than the file's name."""
    path = Path(name)
    is_file_of_run = path.suffix == ".ckpt" and path.parent.name == "checkpoints"
    return path.parent.parent.name if is_file_of_run else name


def disagreement_words(compared: Compared) -> str:
    """Say which of two models is right more often where they differ."""
    gaps = [document.wrong_first - document.wrong_second for document in compared.documents]
    mine, theirs = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    return (
        f"{len(gaps):,} of {compared.found.documents:,}. On {mine:,} of them this model has fewer "
        f"labels wrong, on {theirs:,} the other, on {len(gaps) - mine - theirs:,} both as many."
    )


def review_words(result: EvaluationResult) -> list[str]:
    """Say which documents are sent to a person, and what that is worth."""
    rule = result.abstention
    if rule is None:
        return [
            "Every document is decided. The curve shows how few labels would be wrong or missed if "
            "a person looked at the documents of which the model is least sure; training with "
            "evaluation.abstain=0.05 finds a limit at which that share is promised."
        ]
    level, sure = f"{rule.level:.1%}", f"{rule.confidence:.0%}"
    if rule.limit is None:
        return [
            f"Every document is sent to a person: at no limit could it be promised, {sure} sure, "
            f"that at most {level} of the labels of the others are wrong or missed."
        ]
    reviewed, errors = (_share(result, f"{ABSTAIN}{name}") for name in ("reviewed", "errors"))
    return [
        f"{reviewed} of these documents are sent to a person. Of the labels of the others, "
        f"{errors} are wrong or missed; promised, {sure} sure, is at most {level} on average over "
        f"documents like the {rule.documents:,} of validation that the limit was found on "
        f"(there {rule.reviewed:.1%} were reviewed). For documents of another kind, and for any "
        "single label, nothing is promised."
    ]


def _share(result: EvaluationResult, name: str) -> str:
    value = result.metrics.get(name, math.nan)
    low, high = result.intervals.get(name, (math.nan, math.nan))
    if math.isnan(value):
        return "none"
    return f"{value:.1%}" if math.isnan(low) else f"{value:.1%} [{low:.1%}–{high:.1%}]"


def top1_words(result: EvaluationResult) -> str:
    """Say what top-1 scores are, and how far they are from the right metrics here."""
    accuracy, subset, micro = (
        result.metrics.get(name, math.nan)
        for name in ("top1/accuracy", f"{TUNED}subset_accuracy", f"{TUNED}f1_micro")
    )
    if np.isnan([accuracy, subset, micro]).any():
        return TOP1_WHY
    return (
        f"{TOP1_WHY} Here the top-1 accuracy is {number(accuracy)}: {_above(accuracy - subset)} "
        f"the share of documents with every label right ({number(subset)}), and "
        f"{_above(accuracy - micro)} F1 micro ({number(micro)})."
    )


def _above(difference: float) -> str:
    return f"{number(abs(difference))} {'above' if difference >= 0 else 'below'}"
