"""Check the settings of a BERT before it is built.

They come from files: the ``config.json`` of pretrained weights, or a checkpoint. Only listed keys
and ranges are allowed, so that no file can name code, a kernel or an absurd size.
"""

from collections.abc import Mapping
from typing import Any

from resumebert.utils.errors import UserError
from resumebert.utils.requirements import SHARE, Requirement, integer, number, one_of, optional

NEEDED = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "max_position_embeddings"),
)
FLOATS = ("initializer_range", "layer_norm_eps")
ANYTHING = Requirement("anything", lambda value: True)

# The settings that BERT's code reads.
SETTINGS: Mapping[str, Requirement] = {
    "model_type": one_of("bert"),
    "vocab_size": integer(1, 10_000_000),
    "hidden_size": integer(1, 32_768),
    "num_hidden_layers": integer(1, 512),
    "num_attention_heads": integer(1, 32_768),
    "intermediate_size": integer(1, 1_000_000),
    "max_position_embeddings": integer(3, 1_000_000),
    "type_vocab_size": integer(1, 1_000),
    "hidden_act": one_of(
        *("gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_pytorch_tanh", "quick_gelu"),
        *("relu", "silu", "swish", "tanh", "mish"),
    ),
    "hidden_dropout_prob": SHARE,
    "attention_probs_dropout_prob": SHARE,
    "classifier_dropout": optional(SHARE),
    "initializer_range": number(0, 100),
    "layer_norm_eps": number(0, 1, low_excluded=True),
    "pad_token_id": optional(integer(0)),
    "use_cache": one_of(True, False),
}
# These are not passed on: with another value it would be another model, or any value is the same.
LEFT_OUT: Mapping[str, Requirement] = {
    "position_embedding_type": one_of("absolute", None),
    **dict.fromkeys(("is_decoder", "is_encoder_decoder", "add_cross_attention"), one_of(False)),
    "chunk_size_feed_forward": one_of(0),
    "pruned_heads": one_of({}, None),
    **dict.fromkeys(("quantization_config", "auto_map"), one_of(None)),
    **dict.fromkeys(("torch_dtype", "dtype"), one_of(None, "float32", "float16", "bfloat16")),
    **dict.fromkeys(
        (
            *("id2label", "label2id", "num_labels", "problem_type", "finetuning_task"),
            *("tie_word_embeddings", "return_dict", "output_attentions", "output_hidden_states"),
            *(f"{name}_token_id" for name in ("bos", "eos", "cls", "sep", "mask")),
            *("directionality", "output_past", "pooler_fc_size", "pooler_num_attention_heads"),
            *("pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"),
        ),
        ANYTHING,
    ),
}
KNOWN = {**SETTINGS, **LEFT_OUT}


def checked_architecture(
    settings: Mapping[str, Any], where: str, *, others_are_left_out: bool = False
) -> dict[str, Any]:
    """Check the settings of a BERT; return those that its code reads.

    Args:
        settings: as in a ``config.json``.
        where: the place to name in an error message.
        others_are_left_out: ignore unknown keys, which other software may write.

    Raises:
        UserError: a key is unknown, a size is missing, or a value is wrong.
    """
    problems = [f"{key} is missing" for key in NEEDED if key not in settings]
    for key, value in settings.items():
        if key not in KNOWN:
            problems += [] if others_are_left_out else [f"{key!r} is not a setting of BERT"]
        elif not KNOWN[key].holds(value):
            problems.append(f"{key}={repr(value)[:60]} must be {KNOWN[key].words}")
    if not problems:
        hidden, heads = settings["hidden_size"], settings["num_attention_heads"]
        if hidden % heads:
            problems.append(f"hidden_size={hidden} is no multiple of num_attention_heads={heads}")
        padding = settings.get("pad_token_id")
        if padding is not None and padding >= settings["vocab_size"]:
            problems.append(f"pad_token_id={padding} is not below vocab_size")
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise UserError(
            f"{where}: it does not describe a BERT that can be built: {'; '.join(problems[:5])}"
            f"{more}. Use the settings that the model's weights were trained with."
        )
    kept = {key: value for key, value in settings.items() if key in SETTINGS}
    # transformers requires floats for these.
    return kept | {key: float(kept[key]) for key in FLOATS if key in kept}
