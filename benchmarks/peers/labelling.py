"""Labelling: the same weights, the same windows, the same labels.

The peers read one window at most, so that they are given a résumé's windows as texts, and the
highest score of each label counts, as in resumebert. Cutting and joining is not part of their time.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from transformers import AutoTokenizer, BertForSequenceClassification, pipeline

from benchmarks.peers.workloads import Workload
from resumebert import ResumeLabeler
from resumebert.inference.export import export
from resumebert.utils.hardware import resolve_precision

Scores = npt.NDArray[np.float64]
SIZES = (1, 8, 32, 128)


@dataclass(frozen=True)
class Windows:
    """The windows of n documents as W texts, longest first, and which document each is of."""

    texts: Sequence[str]
    document: npt.NDArray[np.int64]
    documents: int

    def joined(self, scores: Scores) -> Scores:
        """Return (n, L) the highest of the (W, L) scores."""
        found = np.full((self.documents, scores.shape[1]), -np.inf)
        np.maximum.at(found, self.document, scores)
        return found


def cut(labeler: ResumeLabeler, texts: Sequence[str]) -> Windows:
    """Cut documents as the labeler does."""
    found = [
        (one.text[window.start : window.end], place)
        for place, one in enumerate(labeler.predict(texts))
        for window in one.windows
    ]
    found.sort(key=lambda pair: -len(pair[0]))
    return Windows([text for text, _ in found], np.array([at for _, at in found]), len(texts))


class Pipeline:
    """transformers' own pipeline, in batches."""

    def __init__(self, folder: Path, tokens: int, size: int, *, bfloat16: bool = False) -> None:
        dtype = torch.bfloat16 if bfloat16 else torch.float32
        self.labels = BertForSequenceClassification.from_pretrained(folder).config.id2label
        self.run = pipeline(
            "text-classification", model=str(folder), top_k=None, device="cpu", dtype=dtype
        )
        self.options = {"truncation": True, "max_length": tokens, "batch_size": size}

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return (W, L) probabilities."""
        found = self.run(list(texts), **self.options)
        names = [self.labels[i] for i in range(len(self.labels))]
        scores = [{each["label"]: each["score"] for each in one} for one in found]
        return np.array([[one[name] for name in names] for one in scores])


class SentenceTransformers:
    """sentence-transformers with one of its backends, our head being two layers of it."""

    def __init__(self, folder: Path, tokens: int, size: int, backend: Any, **how: Any) -> None:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer

        whole = BertForSequenceClassification.from_pretrained(folder)
        pooler, head = whole.bert.pooler.dense, whole.classifier
        with tempfile.TemporaryDirectory() as encoder:
            whole.bert.save_pretrained(encoder)
            AutoTokenizer.from_pretrained(folder).save_pretrained(encoder)
            first = Transformer(encoder, backend=backend, max_seq_length=tokens, model_kwargs=how)
        width = whole.config.hidden_size
        layers = [
            Dense(part.in_features, part.out_features, True, then, part.weight.data, part.bias.data)
            for part, then in ((pooler, torch.nn.Tanh()), (head, torch.nn.Identity()))
        ]
        self.model = SentenceTransformer(
            modules=[first, Pooling(width, "cls"), *layers], device="cpu", backend=backend
        )
        self.size = size

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return (W, L) probabilities."""
        found = self.model.encode(list(texts), batch_size=self.size, show_progress_bar=False)
        return np.asarray(expit(np.asarray(found, dtype=np.float64)))


class WebApp:
    """As the notebook's web app did: a text at a time, padded to the longest length."""

    def __init__(self, folder: Path, tokens: int) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = BertForSequenceClassification.from_pretrained(folder).eval()
        self.tokens = tokens

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Return (W, L) probabilities."""
        found = []
        for text in texts:
            given = self.tokenizer(
                text, padding="max_length", truncation=True, max_length=self.tokens,
                return_tensors="pt",
            )  # fmt: skip
            with torch.no_grad():
                found.append(torch.sigmoid(self.model(**given).logits)[0].double().numpy())
        return np.array(found)


Way = Callable[[Sequence[str]], Scores]


@contextmanager
def ways(run: Path, workload: Workload) -> Iterator[tuple[ResumeLabeler, Windows, dict[str, Any]]]:
    """Yield our labeler, the windows, and how each peer is made."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        export(run, model, format="hf", documents=4)
        labeler = ResumeLabeler.load(model, device="cpu", precision=workload.precision)
        windows = cut(labeler, workload.table.texts)
        tokens = labeler._scorer.windowing.max_length

        def batched(make: Callable[[int], Way]) -> Way:
            """Return the fastest of some sizes of a batch, on some of the windows."""
            from benchmarks.peers.timing import seconds

            some = windows.texts[:: max(1, len(windows.texts) // 256)]
            made = [make(size) for size in SIZES]
            return min(made, key=lambda way: min(seconds(lambda: way(some)) for _ in range(2)))

        peers: dict[str, Callable[[], Way]] = {
            "transformers' pipeline, float32": lambda: batched(
                lambda size: Pipeline(model, tokens, size)
            ),
            "transformers' pipeline, bfloat16": lambda: batched(
                lambda size: Pipeline(model, tokens, size, bfloat16=True)
            ),
            "sentence-transformers, PyTorch": lambda: batched(
                lambda size: SentenceTransformers(model, tokens, size, "torch")
            ),
            "sentence-transformers, ONNX": lambda: batched(
                lambda size: SentenceTransformers(model, tokens, size, "onnx")
            ),
            "sentence-transformers, OpenVINO": lambda: batched(
                lambda size: SentenceTransformers(model, tokens, size, "openvino")
            ),
            "the notebook's web app": lambda: WebApp(model, tokens),
        }
        if resolve_precision(workload.precision, "cpu") == "32-true":
            peers.pop("transformers' pipeline, bfloat16")
        yield labeler, windows, peers
