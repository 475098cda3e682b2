"""LoRA: train low-rank changes of the encoder's matrices instead of the matrices.

A matrix W (out, in) stays as pretrained and becomes ``W + alpha/r * B @ A`` with A (r, in) and
B (out, r), which are trained (Hu et al., "LoRA: low-rank adaptation of large language models",
2021). The library peft is needed for training only: merging does not use it, so that a model
trained with LoRA can be used without peft.
"""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertForSequenceClassification

from resumebert.utils.errors import UserError

# The matrices of an encoder layer, by the names that model.lora.target_modules takes.
TARGETS: Mapping[str, str] = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "intermediate": "intermediate.dense",
    "output": "output.dense",
}

# peft's names for a wrapped matrix and its factors.
BASE = ".base_layer."
FACTOR_A = ".lora_A.default.weight"
FACTOR_B = ".lora_B.default.weight"


def add_lora(
    model: BertForSequenceClassification,
    *,
    r: int,
    alpha: float,
    dropout: float,
    target_modules: Sequence[str],
) -> None:
    """Wrap matrices of every encoder layer, and freeze the rest of embeddings and encoder.

    The model is changed in place. ``target_modules`` are keys of :data:`TARGETS`. The factors are
    trained, and pooler and head as before. B starts at zero, so that the outputs do not change at
    first. In training, A does not see the share ``dropout`` of a wrapped matrix' inputs.

    Raises:
        UserError: peft is not installed, or a target is unknown.
    """
    if not target_modules or not set(target_modules) <= TARGETS.keys():
        raise UserError(
            f"model.lora.target_modules={list(target_modules)}: name one or more of "
            f"{', '.join(TARGETS)}."
        )
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise UserError(
            "model.lora: LoRA needs the package peft, which is not installed: "
            "`pip install 'resumebert[peft]'`. Or train all weights with `model/lora=none`."
        ) from error
    paths = "|".join(re.escape(TARGETS[name]) for name in target_modules)
    wrapped = rf"bert\.encoder\.layer\.\d+\.({paths})"
    settings = LoraConfig(r=r, lora_alpha=alpha, lora_dropout=dropout, target_modules=wrapped)
    above = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and not name.startswith(("bert.embeddings.", "bert.encoder."))
    ]
    inject_adapter_in_model(settings, model)
    for parameter in above:
        parameter.requires_grad_(True)


def merge_factors(weights: Mapping[str, Tensor], scaling: float) -> dict[str, Tensor]:
    """Merge LoRA factors into the matrices: a state dict under the plain model's names.

    Args:
        weights: the state dict of a model, with LoRA or not, or of a module that holds it.
        scaling: ``alpha / r``.

    Raises:
        ValueError: factors do not fit their matrix.
    """
    merged = {}
    for name, tensor in weights.items():
        if ".lora_" in name:
            continue
        module, wrapped, kind = name.rpartition(BASE)
        if wrapped and kind == "weight":
            left, right = weights[module + FACTOR_B], weights[module + FACTOR_A]
            if (*left.shape[:1], *right.shape[1:]) != tuple(tensor.shape):
                raise ValueError(f"the factors of {module} do not fit it")
            tensor = tensor + scaling * left @ right
        merged[f"{module}.{kind}" if wrapped else name] = tensor
    return merged


def merge_lora(model: BertForSequenceClassification) -> None:
    """Turn a trained model with LoRA into a plain one that computes the same, in place."""
    merged = merge_factors(model.state_dict(), scaling(model))
    for name, module in list(model.named_modules()):
        if hasattr(module, "base_layer"):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, module.base_layer)
    if hasattr(model, "peft_config"):
        del model.peft_config
    model.load_state_dict(merged)


def scaling(model: nn.Module) -> float:
    """Return ``alpha / r`` of ``model``; 1 without LoRA."""
    for module in model.modules():
        # peft stores its settings in this attribute.
        if settings := getattr(module, "peft_config", None):
            return float(settings["default"].lora_alpha / settings["default"].r)
    return 1.0
