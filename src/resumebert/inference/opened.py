"""A trained model with all it takes to use it, from whatever file or folder."""

from collections.abc import Sequence
from dataclasses import dataclass

from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing
from resumebert.evaluation.decisions import Decisions
from resumebert.inference.evaluating import Opened
from resumebert.inference.onnx_model import OnnxClassifier
from resumebert.model.classifier import ResumeClassifier


@dataclass(frozen=True)
class OpenedModel:
    """What a checkpoint and an exported folder hold alike.

    ``where`` is what to call it in a message; ``checkpoint`` is None of an exported folder.
    """

    model: ResumeClassifier | OnnxClassifier
    tokenizer: TextTokenizer
    windowing: Windowing
    cleaning: Sequence[str]
    decisions: Decisions
    precision: str
    where: str
    checkpoint: Opened | None = None
