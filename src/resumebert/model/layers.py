"""How many of the encoder's layers there are, which of them are trained, and how."""

from typing import Any

import torch
from transformers.models.bert.modeling_bert import BertForSequenceClassification

from resumebert.utils.errors import UserError


def keep_lowest_layers(bert_config: dict[str, Any], layers: int | None) -> dict[str, Any]:
    """Return the architecture with only the lowest ``layers`` encoder layers.

    Among the ways to drop layers of a pretrained BERT, keeping the lowest works best: the top
    layers are the most specific to its pretraining (Sajjad et al., "On the effect of dropping
    layers of pre-trained transformer models", 2023).

    Args:
        bert_config: a BERT ``config.json`` as plain Python; it is not changed.
        layers: from 1 to its number of layers; None: all.

    Raises:
        UserError: ``layers`` is out of this range.
    """
    available = bert_config["num_hidden_layers"]
    if layers is None:
        return bert_config
    if not 1 <= layers <= available:
        raise UserError(
            f"model.num_layers={layers}: the model has {available} encoder layers. Give a number "
            f"from 1 to {available}, or null for all of them."
        )
    return {**bert_config, "num_hidden_layers": layers}


def freeze(model: BertForSequenceClassification, *, embeddings: bool, layers: int) -> None:
    """Freeze the embeddings, the lowest ``layers`` encoder layers, or both.

    Frozen parameters have no gradient, no weight decay and no optimizer state (Lee et al., "What
    would Elsa do? Freezing layers during transformer fine-tuning", 2019). The backward pass ends at
    the lowest part that is trained. So frozen layers save time and memory only if the embeddings
    are frozen too; otherwise the gradient passes through the layers to reach the embeddings. The
    dropout of frozen parts stays on in training. LoRA factors in frozen layers are frozen with
    them: call this after :func:`resumebert.model.lora.add_lora`.

    Args:
        model: changed in place.
        embeddings: freeze the word, position and type embeddings and their LayerNorm.
        layers: from 0 to the model's number of layers.

    Raises:
        UserError: ``layers`` is above the number of layers.
    """
    available = len(model.bert.encoder.layer)
    if layers > available:
        raise UserError(
            f"model.freeze_layers={layers}: the model has {available} encoder layers. Give a "
            f"number from 0 to {available}."
        )
    if embeddings:
        model.bert.embeddings.requires_grad_(False)
    for layer in model.bert.encoder.layer[:layers]:
        layer.requires_grad_(False)


def prepare_encoder(
    model: BertForSequenceClassification,
    device: torch.device,
    *,
    gradient_checkpointing: bool,
    compile: bool,
) -> None:
    """Set up gradient checkpointing and compilation (``torch.compile``) for training on a device.

    Gradient checkpointing: Chen et al., "Training deep nets with sublinear memory cost" (2016).

    Raises:
        UserError: PyTorch can't compile here.
    """
    if gradient_checkpointing:
        # BERT has no cache, but transformers' default asks for one and warns about it here.
        model.config.use_cache = False
        # Older transformers know the second name only, and newer ones warn about it.
        enable = getattr(model, "activation_checkpointing_enable", None)
        (enable or model.gradient_checkpointing_enable)({"use_reentrant": False})
    if compile:
        try:
            # The encoder itself is compiled with the first batch, deep inside the training.
            torch.compile(torch.sin)(torch.ones(2, device=device))
        except RuntimeError as error:
            raise UserError(
                "model.compile=true: PyTorch can't compile on this machine "
                f"({str(error).splitlines()[0]}). Install a C++ compiler (Debian, Ubuntu: apt-get "
                "install g++), or train with model.compile=false."
            ) from error
        # In place: the names in the checkpoint stay. Batches differ in windows and in length.
        model.bert.compile(dynamic=True)
