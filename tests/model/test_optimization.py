import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from resumebert.model.layers import freeze
from resumebert.model.optimization import adamw, parameter_groups


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 3)
        self.norm = nn.LayerNorm(3)
        self.classifier = nn.Linear(3, 2)
        self.frozen = nn.Linear(2, 2).requires_grad_(False)


class Holder(nn.Module):
    """A module with a BERT below it, as the LightningModule is, and the pooling of windows."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.bert = bert(layers)
        self.pooling = nn.Linear(4, 2, bias=False)


def bert(layers: int) -> BertForSequenceClassification:
    sizes = {"vocab_size": 7, "hidden_size": 4, "intermediate_size": 4, "num_attention_heads": 1}
    return BertForSequenceClassification(BertConfig(**sizes, num_hidden_layers=layers))


def rates(groups: list) -> dict[int, float]:
    return {id(parameter): group["lr"] for group in groups for parameter in group["params"]}


def names(groups: list) -> list[str]:
    return [group["name"] for group in groups]


def test_only_matrices_are_decayed_and_the_head_has_its_own_rate():
    model = Small()
    groups = parameter_groups(model, lr=1e-3, weight_decay=0.1, head_lr_factor=5.0)
    settings = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }
    assert settings[id(model.encoder.weight)] == (1e-3, 0.1)
    assert settings[id(model.encoder.bias)] == (1e-3, 0.0)
    assert settings[id(model.norm.weight)] == (1e-3, 0.0)
    assert settings[id(model.classifier.weight)] == (5e-3, 0.1)
    assert settings[id(model.classifier.bias)] == (5e-3, 0.0)
    assert id(model.frozen.weight) not in settings
    assert sum(len(group["params"]) for group in groups) == 6


@given(
    layers=st.integers(1, 4),
    decay=st.floats(0.1, 0.99),
    head=st.floats(0.5, 20),
    held=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_each_layer_learns_at_the_rate_of_the_formula(layers, decay, head, held):
    model = Holder(layers)
    whole = model if held else model.bert
    found = rates(parameter_groups(whole, 1e-3, 0.1, head, layer_decay=decay))
    encoder = model.bert.bert
    expected = {id(p): 1e-3 * decay**layers for p in encoder.embeddings.parameters()}
    for k, layer in enumerate(encoder.encoder.layer):
        expected |= {id(p): 1e-3 * decay ** (layers - 1 - k) for p in layer.parameters()}
    expected |= {id(p): 1e-3 for p in encoder.pooler.parameters()}
    expected |= {id(p): 1e-3 * head for p in model.bert.classifier.parameters()}
    if held:
        expected[id(model.pooling.weight)] = 1e-3 * head
    assert found == pytest.approx(expected)


@given(
    layers=st.integers(1, 4),
    frozen=st.integers(0, 4),
    embeddings=st.booleans(),
    decay=st.sampled_from([1.0, 0.8]),
)
@settings(max_examples=30, deadline=None)
def test_every_trained_parameter_is_in_exactly_one_group(layers, frozen, embeddings, decay):
    model = Holder(layers)
    freeze(model.bert, embeddings=embeddings, layers=min(frozen, layers))
    groups = parameter_groups(model, 1e-3, 0.1, 2.0, layer_decay=decay)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    trained = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == trained
    assert len(names(groups)) == len(set(names(groups)))
    for group in groups:
        assert all(parameter.ndim < 2 for parameter in group["params"]) == (
            group["name"].endswith("_no_decay")
        )


def test_frozen_layers_do_not_change_the_rate_of_the_others():
    model = Holder(3)
    top = id(model.bert.bert.encoder.layer[2].output.dense.weight)
    before = rates(parameter_groups(model, 1e-3, 0.1, 1.0, layer_decay=0.5))
    freeze(model.bert, embeddings=True, layers=2)
    after = rates(parameter_groups(model, 1e-3, 0.1, 1.0, layer_decay=0.5))
    assert after.keys() < before.keys()
    assert after[top] == before[top] == 1e-3


def test_the_groups_have_names_to_read_in_the_learning_rate_curves():
    model = Holder(2)
    assert names(parameter_groups(model, 1e-3, 0.1, 1.0)) == [
        *("encoder", "encoder_no_decay"),
        *("head", "head_no_decay"),
    ]
    assert names(parameter_groups(model, 1e-3, 0.1, 1.0, layer_decay=0.9)) == [
        *("embeddings", "embeddings_no_decay"),
        *("layer_0", "layer_0_no_decay"),
        *("layer_1", "layer_1_no_decay"),
        *("pooler", "pooler_no_decay"),
        *("head", "head_no_decay"),
    ]


def test_one_step_of_adamw_equals_the_formula():
    parameter = nn.Linear(1, 1, bias=False)
    before = parameter.weight.item()
    optimizer = adamw(parameter, lr=0.1, weight_decay=0.2, eps=1e-8)
    parameter.weight.grad = torch.tensor([[3.0]])
    optimizer.step()
    # The first step of Adam moves by lr · sign(gradient); decoupled decay multiplies before it.
    assert parameter.weight.item() == pytest.approx(before * (1 - 0.1 * 0.2) - 0.1, abs=1e-6)
