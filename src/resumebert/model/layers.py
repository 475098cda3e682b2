"""The encoder's layers: how many there are, which of them are trained, and how they compute."""

from typing import Any

import torch
from transformers.models.bert.modeling_bert import BertForSequenceClassification

from resumebert.utils.errors import UserError

FUSED, PLAIN = "sdpa", "eager"
# For longer windows, the plain kernel's matrices cost more than the fused kernel's backward pass.
PLAIN_TOKENS = 256
# The most bytes that the plain kernel may keep for the backward pass.
PLAIN_BYTES = 4 * 2**30
# For each attention weight: the product, the weight in float32 and in bfloat16, and a gradient.
BYTES_A_WEIGHT = 12


def keep_lowest_layers(bert_config: dict[str, Any], layers: int | None) -> dict[str, Any]:
    """Return the architecture with only the lowest ``layers`` encoder layers; None: all.

    Among the ways to drop layers of a pretrained BERT, keeping the lowest works best: the top
    layers are the most specific to its pretraining (Sajjad et al., "On the effect of dropping
    layers of pre-trained transformer models", 2023).

    Raises:
        UserError: ``layers`` is not from 1 to the number of layers.
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
    """Freeze the embeddings, the lowest ``layers`` encoder layers, or both, in place.

    Frozen parameters have no gradient, no weight decay and no optimizer state (Lee et al., "What
    would Elsa do? Freezing layers during transformer fine-tuning", 2019). The backward pass ends at
    the lowest part that is trained. So frozen layers save time and memory only if the embeddings
    (word, position and type, and their LayerNorm) are frozen too; otherwise the gradient passes
    through the layers to reach the embeddings. The dropout of frozen parts stays on in training.
    LoRA factors in frozen layers are frozen with them: call this after
    :func:`resumebert.model.lora.add_lora`.

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


def training_kernel(
    device: torch.device, windows: int, tokens: int, *, heads: int, layers: int, dropout: float
) -> str:
    """Return the attention kernel to train with, by its name in transformers.

    On a CPU, PyTorch's fused kernel is the fastest in the forward pass, but its backward pass takes
    longer than the rest of a training step of a small BERT. For short windows, plain matrix
    products are faster (benchmarks/training_step.py measures both). Their memory grows with the
    square of the window length, so long windows and large steps keep the fused kernel.

    Args:
        device: the model's device.
        windows: number of windows in the step.
        tokens: length of the longest window.
        heads: number of heads in a layer.
        layers: number of layers in the encoder.
        dropout: dropout of attention weights; with it, a CPU does not fuse the kernel anyway.
    """
    held = windows * tokens**2 * heads * layers * BYTES_A_WEIGHT
    if device.type == "cpu" and not dropout and tokens <= PLAIN_TOKENS and held <= PLAIN_BYTES:
        return PLAIN
    return FUSED
