"""From the settings of a model to the model to train."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from resumebert.data.datamodule import ResumeDataModule
from resumebert.model.classifier import ResumeClassifier
from resumebert.model.layers import freeze, keep_lowest_layers
from resumebert.model.lora import add_lora
from resumebert.model.losses import with_prevalences
from resumebert.model.pretrained import (
    PretrainedSource,
    check_weights,
    load_bert_config,
    load_head,
    load_weights,
)
from resumebert.settings.calls import class_named, made
from resumebert.settings.schema import ModelSettings, TrainSettings, thawed
from resumebert.utils.console import make_console
from resumebert.utils.trust import imported, is_dotted


def pretrained_source(model: ModelSettings) -> PretrainedSource:
    """Return where a model comes from."""
    return PretrainedSource(**{e.name: getattr(model, e.name) for e in fields(PretrainedSource)})


def bert_config(model: ModelSettings, folder: Path) -> dict[str, Any]:
    """Return the architecture: the folder's, or ``model.random_config``, with our dropout rates."""
    overrides = {
        "hidden_dropout_prob": model.hidden_dropout,
        "attention_probs_dropout_prob": model.attention_dropout,
        **thawed(model.random_config or {}),
    }
    return keep_lowest_layers(load_bert_config(folder, overrides), model.num_layers)


def classifier(
    settings: TrainSettings,
    architecture: dict[str, Any],
    folder: Path,
    datamodule: ResumeDataModule,
    **metrics: Callable[..., Any],
) -> ResumeClassifier:
    """Return the model to train: pretrained weights of ``folder``, a head for the data's labels.

    The head is that of ``folder`` if it is of the same labels, which is said. Otherwise it is new.
    ``architecture`` is of :func:`bert_config`, ``metrics`` are those that the model's class takes.
    """
    chosen = settings.model
    is_random = chosen.random_config is not None
    if not is_random:
        check_weights(folder, architecture)
    prevalences = torch.from_numpy(datamodule.prevalences)
    pooling: Any = chosen.pooling
    if is_dotted(pooling):
        pooling = imported(pooling, f"model.pooling={pooling}")
    model = class_named(chosen._target_, ResumeClassifier, "model._target_")(
        architecture,
        datamodule.table.label_names,
        pooling=pooling,
        chunk_tokens=chosen.chunk_tokens,
        loss=with_prevalences(made(settings.loss), prevalences),
        optimizer=made(settings.optimizer),
        scheduler=made(settings.scheduler),
        **metrics,
    )
    if not is_random:
        load_weights(model.bert, folder)
    if chosen.lora is not None:
        add_lora(model.bert, **thawed(chosen.lora))
    freeze(model.bert, embeddings=chosen.freeze_embeddings, layers=chosen.freeze_layers)
    if not is_random and load_head(model, model.label_names, folder):
        make_console().print(f"Training goes on from the head of {folder}: its labels are these.")
    else:
        model.start_from_prevalences(prevalences)
    return model
