"""Write a trained model as a folder that other software loads, and check that it says the same."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from safetensors.torch import save
from transformers.models.bert.configuration_bert import BertConfig

from resumebert.data.readers import read_sample
from resumebert.data.table import ResumeTable
from resumebert.evaluation.own_calibration import OwnCalibration
from resumebert.inference.exported import (
    ONNX,
    ONNX_INT8,
    OpenedModel,
    open_exported,
    open_model,
    usage_of,
    write_usage,
)
from resumebert.inference.onnx_model import OnnxClassifier, write_int8, write_onnx
from resumebert.inference.scoring import TextScorer
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.pooling import POOLING_NAMES, SCORED_POOLINGS
from resumebert.model.pretrained import POOLING_WEIGHTS, WEIGHTS
from resumebert.report.hub_card import HubCard, eval_results, hub_readme
from resumebert.settings.calls import made
from resumebert.utils.durable_files import whole_folder
from resumebert.utils.errors import UserError
from resumebert.utils.folders import read_json

Format = Literal["hf", "onnx"]
FORMATS: tuple[str, ...] = get_args(Format)
# A difference of float32 logits beyond rounding.
TOO_FAR = 0.01


@dataclass(frozen=True)
class Agreement:
    """How far an exported model is from the trained one on n documents of L labels.

    Attributes:
        file: of the exported model.
        documents: n.
        logit: largest difference of a document's logit.
        probability: largest difference of a calibrated probability.
        changed: labels that one of them gives and the other does not, of all n · L.
        decisions: n · L.
    """

    file: str
    documents: int
    logit: float
    probability: float
    changed: int
    decisions: int

    def __str__(self) -> str:
        return (
            f"{self.file}: on {self.documents:,} documents, the largest difference of a "
            f"probability from PyTorch's in float32 is {self.probability:.2g}; {self.changed:,} of "
            f"{self.decisions:,} decisions differ."
        )


def export(
    path: str | Path,
    output: str | Path,
    *,
    format: Format = "hf",
    trust: Sequence[str] = (),
    documents: int = 100,
    dataset: str | None = None,
) -> list[Agreement]:
    """Export a checkpoint, or the best one of a run's folder.

    Args:
        path: of it; an exported folder with safetensors can be exported again.
        output: the folder to make. It is whole or not there.
        format: ``hf`` for transformers, ``onnx`` for ONNX Runtime.
        trust: packages of the user's own, of which the checkpoint may name a part.
        documents: number of real documents on which the exported model is compared: the run's own,
            or where these can't be read the sample's.
        dataset: the name on the Hugging Face hub of the data that the run was tested on, for the
            model card.

    Returns:
        How far each exported model is from the trained one.

    Raises:
        UserError: the model can't be opened or the format can't carry it, the folder can't be
            written or holds something already, or the exported model says something else.
    """
    output = Path(output)
    with whole_folder(output, "output") as folder:
        opened = open_model(Path(path), trust)
        model = _plain_model(opened, format)
        texts = _documents(opened, documents)
        _write_tokenizer(opened, folder)
        files = [WEIGHTS]
        if format == "hf":
            _write_hf(model, folder)
        else:
            files = [ONNX, ONNX_INT8]
            write_onnx(model, folder / ONNX)
            write_int8(folder / ONNX, folder / ONNX_INT8)
        write_usage(usage_of(opened, folder), folder)
        found = [_agreement(opened, folder, file, texts, trust) for file in files]
        if found[0].logit > TOO_FAR:
            raise UserError(
                f"format={format}: the exported model says something else than PyTorch; nothing is "
                f"left. {found[0]} Export with other versions of onnx, onnxruntime and torch."
            )
        card = _card(opened, output.absolute().name, format, dataset, found)
        (folder / "README.md").write_text(hub_readme(card), encoding="utf-8")
        if (results := eval_results(card)) is not None:
            (folder / ".eval_results").mkdir()
            name = f"{str(dataset).replace('/', '--')}.yaml"
            (folder / ".eval_results" / name).write_text(results, encoding="utf-8")
    return found


def _plain_model(opened: OpenedModel, format: str) -> ResumeClassifier:
    """Return the model to export; an error tells why the format does not carry it."""
    model, where = opened.model, f"ckpt={opened.where}"
    if isinstance(model, OnnxClassifier):
        raise UserError(f"{where}: an ONNX folder is no source of an export. Give the checkpoint.")
    if type(model) is not ResumeClassifier:
        raise UserError(
            f"{where}: its model is a {type(model).__name__} of your own, and format={format} "
            "holds the architecture of ResumeClassifier alone. Use the checkpoint itself."
        )
    own = [f"pooling, {model.pooling_name}"] if model.pooling_name not in POOLING_NAMES else []
    if isinstance(opened.decisions.calibration, OwnCalibration):
        own.append(f"calibration, {opened.decisions.calibration.method}")
    if own and format == "onnx":
        raise UserError(
            f"{where}: it has a {' and a '.join(own)} of your own. format=onnx is for places "
            "without your Python package. Give format=hf, which names it for ResumeLabeler."
        )
    return model


def _documents(opened: OpenedModel, count: int) -> list[str]:
    """Draw documents of the model's own data; of the sample, if these can't be read."""
    table: ResumeTable | None = None
    if opened.checkpoint is not None:
        with suppress(UserError):
            table = made(opened.checkpoint.own_data().reader)()
    table = table or read_sample()
    drawn = np.random.default_rng(0).permutation(len(table))[:count]
    return [table.texts[place] for place in drawn]


def _write_tokenizer(opened: OpenedModel, folder: Path) -> None:
    files = opened.tokenizer.files
    settings = json.loads(files.get("tokenizer_config.json", "{}"))
    settings.setdefault("tokenizer_class", "BertTokenizer")
    # What truncation=True of a pipeline cuts to.
    settings["model_max_length"] = opened.windowing.max_length
    changed = {"tokenizer_config.json": json.dumps(settings, indent=2, ensure_ascii=False)}
    for name, text in {**files, **changed}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def _write_hf(model: ResumeClassifier, folder: Path) -> None:
    """Write what ``save_pretrained`` of the model, with its labels, would write."""
    names = dict(enumerate(model.label_names))
    BertConfig(
        **model.hparams["bert_config"],
        architectures=[type(model.bert).__name__],
        id2label=names,
        label2id={name: place for place, name in names.items()},
        problem_type=model.bert.config.problem_type,
        dtype="float32",
    ).save_pretrained(folder)
    parts = {WEIGHTS: model.bert.state_dict()}
    if model.pooling_name in SCORED_POOLINGS:
        parts[POOLING_WEIGHTS] = {"pooling.weight": model.pooling.weight.detach()}
    for name, tensors in parts.items():
        whole = {key: tensor.contiguous() for key, tensor in tensors.items()}
        # Not by safetensors itself, whose files only the owner may read.
        (folder / name).write_bytes(save(whole, metadata={"format": "pt"}))


def _agreement(
    opened: OpenedModel, folder: Path, file: str, texts: Sequence[str], trust: Sequence[str]
) -> Agreement:
    """Compare the trained model with an exported one, opened as a user's."""
    exported = open_exported(folder / file if file.endswith(".onnx") else folder, trust)
    ours, theirs = (_logits(each, texts) for each in (opened, exported))
    thresholds = np.array(opened.decisions.thresholds)
    before, after = (opened.decisions.calibration.apply(logits) for logits in (ours, theirs))
    return Agreement(
        file=file,
        documents=len(texts),
        logit=float(np.abs(ours - theirs).max(initial=0)),
        probability=float(np.abs(before - after).max(initial=0)),
        changed=int(((before >= thresholds) != (after >= thresholds)).sum()),
        decisions=before.size,
    )


def _logits(opened: OpenedModel, texts: Sequence[str]) -> np.ndarray[Any, Any]:
    scorer = TextScorer(opened.model, opened.tokenizer, opened.windowing, cleaning=opened.cleaning)
    return scorer.logits(texts)


def _card(
    opened: OpenedModel, name: str, format: str, dataset: str | None, found: Sequence[Agreement]
) -> HubCard:
    """Gather what the training run's folder tells of the model."""
    metrics: Mapping[str, Any] = {}
    body = source = ""
    checkpoint = opened.checkpoint
    # The figures of a run are of its best checkpoint.
    if checkpoint is not None and checkpoint.path.name == "best.ckpt":
        run = checkpoint.manifest.parent
        metrics = read_json(run / "metrics.json")
        source = str(read_json(run / "data_report.json").get("source", ""))
        if (run / "model_card.md").is_file():
            body = (run / "model_card.md").read_text(encoding="utf-8")
    model = {} if checkpoint is None else checkpoint.config["model"]
    is_published = bool(model) and not (model.get("path") or model.get("random_config"))
    return HubCard(
        name=name,
        format=format,
        max_length=opened.windowing.max_length,
        base_model=model["name"] if is_published else None,
        metrics=metrics,
        source=source,
        dataset=dataset,
        body=body,
        checked=[str(each) for each in found],
    )
