"""Open a trained model: a checkpoint, or a folder that export.py wrote, with ``resumebert.json``.

The folder is read as a checkpoint is: nothing in it is executed, weights are safetensors or ONNX,
and everything is checked. docs/exporting.md describes the file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from resumebert.data.build import treatment
from resumebert.data.cleaning import STEPS
from resumebert.data.tokenization import TextTokenizer
from resumebert.data.windows import Windowing
from resumebert.evaluation.decisions import Decisions, stored_decisions
from resumebert.inference.evaluating import Opened, open_checkpoint
from resumebert.inference.onnx_model import OnnxClassifier
from resumebert.model.checkpoint import (
    check_tensors,
    check_types,
    checked_arguments,
    fitted_model,
    refusing,
    require,
)
from resumebert.model.checkpoint_file import check_plain
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pooling import SCORED_POOLINGS
from resumebert.model.pretrained import POOLING_WEIGHTS, WEIGHTS, load_bert_config
from resumebert.settings.rules import check_max_length
from resumebert.settings.schema import DataSettings
from resumebert.utils.errors import UserError
from resumebert.utils.folders import EXPORTED

FORMAT_VERSION = 2
# Before 2 there were digests of the weights alone.
READABLE = (1, 2)
ONNX, ONNX_INT8 = "model.onnx", "model_int8.onnx"
MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class OpenedModel:
    """What a checkpoint and an exported folder (no ``checkpoint``) hold; messages say ``where``."""

    model: ResumeClassifier | OnnxClassifier
    tokenizer: TextTokenizer
    windowing: Windowing
    cleaning: Sequence[str]
    decisions: Decisions
    precision: str
    where: str
    checkpoint: Opened | None = None


@dataclass(frozen=True)
class Usage:
    """The content of ``resumebert.json``.

    Label names are in the order of the L logits. ``windows`` has ``strategy``, ``max_length``
    (tokens of a window, [CLS] and [SEP] included), ``overlap`` (tokens that neighbours share), and
    the numbers of the tokens ``cls`` and ``sep``; ``decisions`` are those of
    :meth:`resumebert.evaluation.decisions.Decisions.to_plain`. ``sha256`` are digests of the
    folder's other files that a model is made of, ``own_sha256`` of everything else in this one, as
    JSON with sorted keys. Unknown format versions are refused.
    """

    label_names: list[str]
    cleaning: list[str]
    windows: dict[str, Any]
    pooling: str
    decisions: dict[str, Any]
    precision: str
    sha256: dict[str, str]
    resumebert: str
    format_version: int = FORMAT_VERSION
    own_sha256: str = ""


def usage_of(opened: OpenedModel, folder: Path) -> Usage:
    """Return how a model is used that a folder holds, all but ``resumebert.json``."""
    windowing, tokenizer = opened.windowing, opened.tokenizer
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return Usage(
        label_names=list(opened.model.label_names),
        cleaning=list(opened.cleaning),
        windows={
            "strategy": windowing.strategy,
            "max_length": windowing.max_length,
            "overlap": windowing.overlap,
            "cls": tokenizer.cls_id,
            "sep": tokenizer.sep_id,
        },
        pooling=opened.model.pooling_name,
        decisions=opened.decisions.to_plain(),
        precision=opened.precision,
        sha256={path.name: _digest(path) for path in files},
        resumebert=version("resumebert"),
    )


def write_usage(usage: Usage, folder: Path) -> None:
    """Write ``resumebert.json`` into a folder."""
    plain = asdict(usage)
    plain["own_sha256"] = own_digest(plain)
    text = json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    (folder / EXPORTED).write_text(text, encoding="utf-8")


def exported_folder(path: Path) -> Path | None:
    """Return the exported folder that a path is or, of an ONNX file, lies in; None: it is none."""
    path = path.expanduser()
    folder = path.parent if path.suffix == ".onnx" else path
    return folder if (folder / EXPORTED).is_file() else None


def open_model(path: Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a checkpoint, the best one of a run's folder, or a folder that export.py wrote."""
    if exported_folder(path) is not None:
        return open_exported(path, trust)
    found = open_checkpoint(str(path), "ckpt", trust)
    cleaning, windowing = treatment(DataSettings.of(found.config["data"]))
    return OpenedModel(
        model=found.model,
        tokenizer=TextTokenizer.from_files(found.extras.tokenizer_files, str(found.path)),
        windowing=windowing,
        cleaning=cleaning,
        decisions=found.decisions,
        precision=found.config["trainer"]["precision"],
        where=str(found.path),
        checkpoint=found,
    )


def open_exported(path: Path, trust: Sequence[str] = ()) -> OpenedModel:
    """Open a folder that export.py wrote (with ONNX files: the float32 model), or an ONNX file."""
    folder = exported_folder(path)
    assert folder is not None
    usage = _read_usage(folder / EXPORTED)
    where = str(folder / EXPORTED)
    with refusing(folder / EXPORTED, "it does not say how the model is used"):
        windows = usage.windows
        windowing = Windowing(windows["strategy"], windows["max_length"], windows["overlap"])
        unknown = set(usage.cleaning) - STEPS.keys()
        require(not unknown, f"cleaning: there is no step {min(unknown, default='')}")
    # Large files are read once: they are checked where they are loaded.
    large = (WEIGHTS, POOLING_WEIGHTS, ONNX, ONNX_INT8)
    for name in usage.sha256.keys() - set(large):
        _check_digest(folder / name, usage)
    tokenizer = TextTokenizer.from_folder(folder)
    decisions = stored_decisions(usage.decisions, len(usage.label_names), where, trust)
    model: ResumeClassifier | OnnxClassifier
    if WEIGHTS in usage.sha256:
        model = _hf_model(folder, usage, tokenizer, trust)
        positions = model.bert.config.max_position_embeddings
        check_max_length(windowing.max_length, positions, str(folder))
    else:
        file = path.expanduser() if path.suffix == ".onnx" else folder / ONNX
        _check_digest(file, usage)
        model = OnnxClassifier(file, usage.label_names, usage.pooling)
    return OpenedModel(
        model, tokenizer, windowing, usage.cleaning, decisions, usage.precision, str(path)
    )


def _read_usage(path: Path) -> Usage:
    with refusing(path, "it can't be read"):
        require(path.stat().st_size <= MOST_BYTES, "it is too large")
        plain = json.loads(path.read_text(encoding="utf-8"))
        require(type(plain) is dict, "it holds no settings")
        check_plain(plain)
    found = plain.get("format_version")
    if type(found) is not int or found not in READABLE:
        raise UserError(
            f"{path}: the folder has format version {str(found)[:20]}, and this resumebert reads "
            f"versions {' and '.join(map(str, READABLE))}. Use the resumebert it was written with "
            f"({str(plain.get('resumebert'))[:20]}), or export the model again."
        )
    with refusing(path, "it does not say how the model is used"):
        # Of a version to come, more may be in it.
        hints = get_type_hints(Usage)
        known = {name: value for name, value in plain.items() if name in hints}
        if found == 1:
            known.setdefault("own_sha256", "")
        check_types(known, hints)
        usage = Usage(**known)
        check_types(usage.windows, {"strategy": str, "max_length": int, "overlap": int})
        require(usage.label_names != [], "there are no labels")
    if found > 1 and usage.own_sha256 != own_digest(plain):
        raise UserError(
            f"{path}: it is not as export.py wrote it (its SHA-256 is another). It is damaged or "
            "was edited; use another copy of the folder, or export the model again."
        )
    return usage


def own_digest(plain: Mapping[str, Any]) -> str:
    """Return the digest of the content of ``resumebert.json`` without the digest itself."""
    rest = {name: value for name, value in plain.items() if name != "own_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _hf_model(
    folder: Path, usage: Usage, tokenizer: TextTokenizer, trust: Sequence[str]
) -> ResumeClassifier:
    arguments = {
        "bert_config": load_bert_config(folder),
        "label_names": usage.label_names,
        "pooling": usage.pooling,
    }
    settings = checked_arguments(arguments, folder / EXPORTED, trust)
    weights = {f"bert.{name}": each for name, each in _tensors(folder / WEIGHTS, usage).items()}
    if usage.pooling in SCORED_POOLINGS:
        weights |= _tensors(folder / POOLING_WEIGHTS, usage)
    return fitted_model(ResumeClassifier, settings, weights, tokenizer.files, folder / WEIGHTS)


def _tensors(path: Path, usage: Usage) -> Mapping[str, Tensor]:
    _check_digest(path, usage)
    with refusing(path, "the weights can't be read"):
        try:
            found: dict[str, Tensor] = load_file(path)
        except (SafetensorError, OSError) as error:
            raise ValueError(str(error)) from error
        check_tensors(found, path.stat().st_size)
        return found


def _check_digest(path: Path, usage: Usage) -> None:
    if not path.is_file():
        raise UserError(f"{path}: the file is missing. Copy the whole folder, or export it again.")
    if _digest(path) != usage.sha256.get(path.name):
        raise UserError(
            f"{path}: it is not the file that {EXPORTED} was written for (its SHA-256 is another). "
            "It is damaged or was replaced; use another copy of the folder."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
