"""The encoder's layers: how many there are, which of them are trained, and how they compute."""

from typing import Any

import torch
from transformers.models.bert.configuration_bert import BertConfig
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
    the lowest part that is trained, so frozen layers save time and memory only if the embeddings
    are frozen too. The dropout of frozen parts stays on in training. LoRA factors in frozen layers
    are frozen with them: call this after :func:`resumebert.model.lora.add_lora`.

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
    """Set up gradient checkpointing (Chen et al. 2016) and ``torch.compile`` for training.

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


def training_kernel(config: BertConfig, device: torch.device, windows: int, tokens: int) -> str:
    """Return the attention kernel to train with, by its name in transformers.

    On a CPU, PyTorch's fused kernel is the fastest in the forward pass, but its backward pass takes
    longer than the rest of a training step of a small BERT. For short windows, plain matrix
    products are faster. Their memory grows with the square of the longest window's ``tokens``, so
    long windows and large steps keep the fused kernel. With dropout of attention weights a CPU does
    not fuse the kernel anyway.
    """
    weights = windows * tokens**2 * config.num_attention_heads * config.num_hidden_layers
    is_small = tokens <= PLAIN_TOKENS and weights * BYTES_A_WEIGHT <= PLAIN_BYTES
    has_dropout = config.attention_probs_dropout_prob > 0
    return PLAIN if device.type == "cpu" and is_small and not has_dropout else FUSED
