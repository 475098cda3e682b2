"""Reports to test with: of random scores, and with everything that a report can hold."""

from dataclasses import replace

import numpy as np

from resumebert.evaluation.analysis import Analysis
from resumebert.evaluation.comparison import disagreements, paired_comparison
from resumebert.evaluation.decisions import Decisions, plain_decisions
from resumebert.evaluation.label_noise import SuspectLabel
from resumebert.evaluation.probes import Swap
from resumebert.evaluation.result import EvaluationResult, evaluate_scores
from resumebert.evaluation.slices import Slice, WordsRemoved
from resumebert.evaluation.worst_errors import ErrorExample, Mistake, Window, WordSpan
from resumebert.report import Compared, Curve, ReportInput
from resumebert.report.speed_tables import speed_tables

METRICS = {"f1_micro": 0.8, "f1_macro": 0.7, "subset_accuracy": 0.5}
ENDS = {name: (value - 0.05, value + 0.05) for name, value in METRICS.items()}


def made_result(
    documents: int = 120,
    labels: int | list[str] = 4,
    *,
    split: str = "test",
    seed: int = 0,
    resamples: int = 20,
    baseline: bool = True,
    truth: np.ndarray | None = None,
    logits: np.ndarray | None = None,
) -> EvaluationResult:
    """Return what a middling model gives for documents that have each label at random."""
    names = [f"Label_{i}" for i in range(labels)] if isinstance(labels, int) else labels
    generator = np.random.default_rng(seed)
    if truth is None:
        truth = generator.random((documents, len(names))) < 0.3
    decisions = Decisions(plain_decisions(len(names)).calibration, [0.4] * len(names))

    def scored(spread: float) -> EvaluationResult:
        values = np.where(truth, 1.0, -1.5) + generator.normal(0, spread, truth.shape)
        return evaluate_scores(
            split,
            values if logits is None else logits,
            truth,
            decisions,
            names,
            ids=[f"r{i}" for i in range(len(truth))],
            index=np.arange(len(truth)),
            groups=np.arange(len(truth)),
            resamples=resamples,
            loss=0.5,
        )

    model = scored(1.0)
    return replace(model, baseline=scored(1.3)) if baseline else model


def made_error(text: str, labels: list[str], doc_id: str = "r1") -> ErrorExample:
    """Return a document that has the first label and is given the last one."""
    middle = len(text) // 2
    return ErrorExample(
        id=doc_id,
        row=7,
        text=text,
        true_labels=labels[:2],
        predicted_labels=labels[1:],
        mistakes=[
            Mistake(labels[0], False, 0.1, 0.4, 0),
            Mistake(labels[-1], True, 0.9, 0.4, None),
        ],
        windows=[Window(0, middle, [0.0] * len(labels))],
        spans=[WordSpan(2, 6, labels[0]), WordSpan(4, 9, labels[1])],
    )


def made_analysis(labels: list[str], text: str = "He was a Label 0 for years. " * 40) -> Analysis:
    """Return an analysis with something of everything."""
    part = Slice("length", "up to 256 tokens", 60, METRICS, ENDS, METRICS, ENDS)
    pairs = {"f1_micro": 0.9, "f1_macro": 0.8, "precision_micro": 0.7, "recall_micro": 0.6}
    named = Slice("label words", "label named", 50, pairs, {}, pairs, {}, 90, 70)
    change = dict.fromkeys(METRICS, -0.2)
    removed = WordsRemoved("names", 120, 80, part, part, change, {}, change, {})
    swaps = [
        Swap(name, label, 100, 0.01, (0.004, 0.016), 0.02, -0.002, (-0.004, 0.001))
        for name in ("she → he", "Anna → Otto")
        for label in labels
    ]
    suspect = SuspectLabel("train", "r9", 12, labels[0], True, 0.01, "model", text[:150], 0.2)
    return Analysis(
        [part, replace(part, name="longer", baseline=None), named],
        [removed],
        swaps,
        [suspect],
        [made_error(text, labels)],
        {"swaps": "Fictional résumés.", "words_removed": "Only some documents were scored."},
    )


def made_comparison(result: EvaluationResult) -> Compared:
    """Return the comparison of a result with its baseline."""
    first = result.baseline
    assert first is not None
    found = paired_comparison(
        first.probabilities,
        result.probabilities,
        result.truth,
        (first.thresholds, result.thresholds),
        result.label_names,
        resamples=50,
    )
    texts = [f"Text {name}" for name in result.ids]
    documents = disagreements(first, result, texts, np.arange(len(texts)))
    return Compared(
        ("outputs/x/checkpoints/best.ckpt", "mine"), found, documents, warning="It is unfair."
    )


def full_report(result: EvaluationResult | None = None, **changes: object) -> ReportInput:
    """Return a report in which nothing is missing."""
    result = result or made_result()
    names = list(result.label_names)
    report = ReportInput(
        title="A run",
        results=[result, made_result(60, names, split="val", seed=1)],
        created="today",
        notes=["A note of the thresholds."],
        facts={"model": "tiny"},
        analysis=made_analysis(names),
        history=[
            Curve("train/loss", list(range(0, 500, 2)), np.linspace(1, 0.2, 250).tolist()),
            Curve("val/loss", [100, 200], [0.5, float("nan")]),
            Curve("val/f1_micro", [100, 200], [0.4, 0.6]),
            Curve("lr-AdamW/pg1", [1, 500], [1e-4, 0.0]),
        ],
        speed=speed_tables(
            {"tokens_per_second": 1234.5, "seconds": {"data": 0.5, "forward": 1.5}}, {"test": 61.0}
        ),
        data_report={
            "source": "a table",
            "rows_read": 1300,
            "rows_used": 1200,
            "understood": ["a remark"],
            "duplicates": {"groups_of_duplicates": 3},
            "label_names": names,
            "labels_per_document": {"0": 3, "1": 9},
            "splits": {"train": {"documents": 9, "without_label": 1, "labels": {names[0]: 4}}},
            "tokens": {"quantiles": {"0.5": 200.0, "1": 900.0}},
        },
        config_yaml="seed: 42\nmodel:\n  name: tiny\nloss:\n  _target_: resumebert.x.binary\n",
        environment={"command": ["train.py", "data.path=a b.csv"], "packages": {"torch": "2"}},
    )
    return replace(report, **changes)  # type: ignore[arg-type]
