"""A model in ONNX: written from a trained one, and run by ONNX Runtime in its place."""

import importlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from resumebert.model.classifier import ResumeClassifier, chunks_of_windows
from resumebert.model.pooling import SCORED_POOLINGS, pooled
from resumebert.utils.errors import UserError

INPUTS = ("input_ids", "attention_mask")
# The scores are of SCORED_POOLINGS alone; they are called so since attention was the first.
OUTPUTS = ("logits", "attention")
PROVIDERS = ("CPUExecutionProvider",)


class OnnxClassifier:
    """A :class:`ResumeClassifier` for scoring, whose encoder and head ONNX Runtime computes."""

    def __init__(
        self, path: Path, label_names: Sequence[str], pooling: str, chunk_tokens: int = 16_384
    ) -> None:
        self.label_names = list(label_names)
        self.pooling_name = pooling
        self.chunk_tokens = chunk_tokens
        runtime = installed("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = runtime.InferenceSession(
                path.read_bytes(), sess_options=options, providers=list(PROVIDERS)
            )
        except Exception as error:  # Of ONNX Runtime's own kinds, one for each status.
            raise UserError(
                f"{path}: ONNX Runtime can't read it ({str(error).splitlines()[0]}). The file is "
                "damaged, or was written for another version; export the model again."
            ) from error
        count = len(self.label_names)
        found = [[each.name for each in self._session.get_inputs()], self._outputs()]
        expected = [list(INPUTS), [(name, count) for name in _outputs(pooling)]]
        if found != expected:
            raise UserError(
                f"{path}: it is no model of {count} labels with pooling={pooling} that export.py "
                "wrote: its inputs and outputs are others. Export the model again."
            )

    def _outputs(self) -> list[tuple[str, Any]]:
        return [(each.name, each.shape[-1]) for each in self._session.get_outputs()]

    def eval(self) -> Self:
        """Return the model, which knows no training."""
        return self

    def to(self, device: Any) -> Self:
        """Return the model if it is to stay on the CPU, in its own type."""
        if isinstance(device, torch.device) and device.type != "cpu":
            raise UserError(
                f"device={device}: an ONNX folder is run on the CPU. Use device=cpu, or the "
                "checkpoint or its export with format=hf."
            )
        return self

    def score_windows(
        self, input_ids: Tensor, attention_mask: Tensor, window_lengths: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return logits (W, L) and scores of windows, as ResumeClassifier does."""
        lengths = window_lengths or [input_ids.shape[1]] * len(input_ids)
        found = []
        for rows, width in chunks_of_windows(lengths, self.chunk_tokens):
            parts = (input_ids[rows, :width].long(), attention_mask[rows, :width].long())
            arrays = dict(zip(INPUTS, (part.numpy() for part in parts), strict=True))
            found.append(self._session.run(None, arrays))
        outputs = zip(*found, strict=True)
        logits, *scores = (torch.cat([torch.from_numpy(a) for a in each]) for each in outputs)
        return logits, scores[0] if scores else None

    def pool(
        self, logits: Tensor, scores: Tensor | None, window_document: Tensor, documents: int
    ) -> Tensor:
        """Return the logits (B, L) of documents from those of their windows."""
        return pooled(self.pooling_name, logits, scores, window_document, documents)


class _Windows(nn.Module):
    """What of a model ONNX holds: from tokens to the logits of windows."""

    def __init__(self, model: ResumeClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        bert = self.model.bert
        pooled = bert.bert(input_ids=input_ids, attention_mask=attention_mask).pooler_output
        logits = bert.classifier(pooled)
        if self.model.pooling_name not in SCORED_POOLINGS:
            return (logits,)
        return logits, self.model.pooling(pooled)


def write_onnx(model: ResumeClassifier, path: Path) -> None:
    """Write a model in float32, for any number of windows and of tokens.

    Inputs are ``input_ids`` and ``attention_mask`` (W, T), int64; outputs ``logits`` (W, L) and,
    with a pooling of ``SCORED_POOLINGS``, ``attention`` (W, L).
    """
    for package in ("onnx", "onnxscript"):
        installed(package)
    windows, tokens = torch.export.Dim("windows"), torch.export.Dim("tokens")
    # Two tensors: of one tensor twice the exporter would make one input.
    example = torch.ones(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.long)
    with _quietly(), torch.inference_mode():
        torch.onnx.export(
            _Windows(model).eval(),
            example,
            path,
            input_names=list(INPUTS),
            output_names=_outputs(model.pooling_name),
            dynamic_shapes={name: {0: windows, 1: tokens} for name in INPUTS},
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def write_int8(source: Path, path: Path) -> None:
    """Write a float32 model again with weights of 8 bits; its inputs stay float until computed.

    ONNX Runtime's dynamic quantisation, with a scale for each column of a matrix: with one for the
    whole of it, logits of MiniLM were off by twice as much.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quietly():
        quantize_dynamic(source, path, per_channel=True, weight_type=QuantType.QInt8)


@contextmanager
def _quietly() -> Iterator[None]:
    """Hold back what the libraries say of themselves, and of packages that they do without."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)


def installed(package: str) -> Any:
    """Return a package of the extra ``onnx``."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UserError(
            f"ONNX needs the package {package}, which is not installed: pip install "
            "'resumebert[onnx]'."
        ) from error


def _outputs(pooling: str) -> list[str]:
    return list(OUTPUTS if pooling in SCORED_POOLINGS else OUTPUTS[:1])
