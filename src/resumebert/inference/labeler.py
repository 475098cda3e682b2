"""ResumeLabeler: a checkpoint, and the labels that it gives to new texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from resumebert.data.cleaning import clean
from resumebert.evaluation.areas import Floats
from resumebert.evaluation.decisions import Decisions
from resumebert.inference.explaining import Explanation, explain_text
from resumebert.inference.exported import open_model
from resumebert.inference.onnx_model import OnnxClassifier
from resumebert.inference.scoring import TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.utils.errors import UserError
from resumebert.utils.hardware import check_accelerator, resolve_precision
from resumebert.utils.trust import packages


@dataclass(frozen=True)
class WindowScore:
    """A part of a text that the model read at once, and what it saw there.

    Attributes:
        start: its first character in :attr:`Prediction.text`.
        end: the one after its last.
        probabilities: label → calibrated probability of this window alone, in [0, 1].
    """

    start: int
    end: int
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one text.

    Attributes:
        labels: those whose probability reaches their threshold.
        probabilities: label → calibrated probability, in [0, 1], every label. The document's is
            pooled from its windows.
        thresholds: label → the probability from which on it is given.
        text: as the model read it, cleaned.
        windows: the parts of the text that were read, in order.
        expected_errors: share of its labels, given or true, that the probabilities expect to be
            wrong or missed, in [0, 1].
        review: whether a person should look at it, for the labels of the others to keep what
            ``evaluation.abstain`` promised; None: the model was trained without it.
        unlike_training: in what it is unlike the texts that the model was trained on, of
            ``length``, ``words`` and ``content``; empty: in nothing; None: it is not known.
    """

    labels: list[str]
    probabilities: dict[str, float]
    thresholds: dict[str, float]
    text: str
    windows: list[WindowScore]
    expected_errors: float
    review: bool | None = None
    unlike_training: list[str] | None = None

    @property
    def decisions(self) -> dict[str, bool]:
        """Label → whether it is given, every label."""
        return {name: name in self.labels for name in self.probabilities}


class ResumeLabeler:
    """A trained model with all it takes to label texts: made by :meth:`load`.

    The scorer gives logits, the decisions calibrated probabilities and labels.
    """

    def __init__(self, scorer: TextScorer, decisions: Decisions) -> None:
        self._scorer = scorer
        self._decisions = decisions

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        device: str = "auto",
        precision: str | None = "auto",
        batch_size: int = 32,
        trust: Sequence[str] = (),
    ) -> "ResumeLabeler":
        """Open a checkpoint, the best one of a run's folder, or a folder that export.py wrote.

        Nothing in it is executed.

        Args:
            path: ``outputs/train/DATE_TIME`` or a ``.ckpt`` file; an exported folder, or an
                ``.onnx`` file in it.
            device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
            precision: as ``trainer.precision``, but that ``auto`` is bf16-true on a CPU that
                computes in bfloat16; None: what the run was trained with. An ONNX file has its own.
            batch_size: texts at a time; memory is bounded beyond that, however long they are.
            trust: packages of your own, of which the checkpoint may name a model, a pooling or a
                calibration.

        Raises:
            UserError: there is no such file, it is damaged or none of ours, it names code of a
                package that is not trusted, or there is no such device.
        """
        opened = open_model(Path(path), packages(trust))
        is_onnx = isinstance(opened.model, OnnxClassifier)
        where = torch.device("cpu") if is_onnx and device == "auto" else _device(device)
        precision = "32-true" if is_onnx else precision or opened.precision
        resolved = resolve_precision(precision, where.type)
        heads, weights = None, {}
        is_half = (precision, resolved, where.type) == ("auto", "bf16-mixed", "cpu")
        # A class of somebody's own may take all its weights to be of one kind.
        if is_half and type(opened.model) is ResumeClassifier:
            # Without gradients nothing is lost by it, and a quarter of the time gained.
            resolved = "bf16-true"
            heads = opened.model.heads
            weights = {name: value.clone() for name, value in heads.state_dict().items()}
        scorer = TextScorer(
            opened.model,
            opened.tokenizer,
            opened.windowing,
            cleaning=opened.cleaning,
            batch_size=batch_size,
            precision=resolved,
            device=where,
        )
        if heads is not None:
            # Logits of few digits would lump windows and words together.
            heads.float().load_state_dict(weights)
        return cls(scorer, opened.decisions)

    @property
    def label_names(self) -> list[str]:
        """The L labels, in the order of the columns of :meth:`predict_proba`."""
        return list(self._scorer.model.label_names)

    @property
    def thresholds(self) -> dict[str, float]:
        """Label → the calibrated probability from which on it is given."""
        return dict(zip(self.label_names, self._decisions.thresholds, strict=True))

    @property
    def device(self) -> torch.device:
        """Where the model computes."""
        return self._scorer.device

    def to(self, device: str | torch.device) -> "ResumeLabeler":
        """Move the model to a device, and return this labeler."""
        self._scorer.to(_device(str(device)))
        return self

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return the calibrated probabilities (n, L), in [0, 1], of n texts; n may be 0.

        Raises:
            TypeError: ``texts`` is one string, or holds something else than strings.
        """
        return self._decisions.calibration.apply(self._scorer.logits(_checked(texts)))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label n texts, each read as a whole; n may be 0. Errors as for :meth:`predict_proba`."""
        cleaned = [clean(text, self._scorer.cleaning) for text in _checked(texts)]
        read = self._scorer.read(cleaned)
        names, thresholds = self.label_names, self.thresholds
        calibrate = self._decisions.calibration.apply
        of_texts = calibrate(read.logits)
        expected = self._decisions.expected_errors(of_texts)
        review = self._decisions.review(of_texts)
        unlike = self._decisions.unlike_training(read.tokens, read.features)
        found = []
        for i, (text, parts) in enumerate(zip(cleaned, read.windows, strict=True)):
            probabilities = dict(zip(names, of_texts[i].tolist(), strict=True))
            of_parts = calibrate(np.array([part.logits for part in parts])).tolist()
            found.append(
                Prediction(
                    labels=[name for name in names if probabilities[name] >= thresholds[name]],
                    probabilities=probabilities,
                    thresholds=thresholds,
                    text=text,
                    windows=[
                        WindowScore(part.start, part.end, dict(zip(names, values, strict=True)))
                        for part, values in zip(parts, of_parts, strict=True)
                    ],
                    expected_errors=float(expected[i]),
                    review=None if review is None else bool(review[i]),
                    unlike_training=None if unlike is None else unlike[i],
                )
            )
        return found

    def explain(self, text: str, labels: Sequence[str] | None = None) -> list[Explanation]:
        """Return what in a text speaks for and against labels.

        Args:
            text: read as a whole, as :meth:`predict` reads it; places are in its ``text``.
            labels: by name; None: those that are given, or else the one that comes nearest.

        Raises:
            TypeError: ``text`` is no string.
            UserError: there is no such label.
        """
        if not isinstance(text, str):
            raise TypeError("text must be a string; explain one at a time")
        [found] = self.predict([text])
        return self.explain_prediction(found, labels)

    def explain_prediction(
        self, found: Prediction, labels: Sequence[str] | None = None
    ) -> list[Explanation]:
        """Return what :meth:`explain` does, of a text that was labelled already."""
        if unknown := set(labels or ()) - set(self.label_names):
            raise UserError(
                f"labels={sorted(unknown)}: the model has no such label. Its labels are "
                f"{', '.join(self.label_names)}."
            )
        if labels is None:
            reached = found.probabilities
            nearest = max(self.label_names, key=lambda name: reached[name] - found.thresholds[name])
            labels = found.labels or [nearest]
        columns = [self.label_names.index(name) for name in labels]
        return [
            Explanation(
                found.text, name, found.probabilities[name], found.thresholds[name], windows, words
            )
            for name, (windows, words) in zip(
                labels, explain_text(self._scorer, found.text, columns), strict=True
            )
        ]


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
    except RuntimeError as error:
        raise UserError(
            f"device={name}: there is no such kind of device. Use cpu or cuda."
        ) from error
    check_accelerator(found.type)
    return found


def _checked(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise TypeError("texts must be a list of strings; for one text give [text]")
    return list(texts)
