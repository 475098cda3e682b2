import sys

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from helpers import REPOSITORY, TINY_BERT
from resumebert.model.layers import freeze
from resumebert.model.lora import TARGETS, add_lora, merge_factors, merge_lora, scaling
from resumebert.model.optimization import adamw, parameter_groups
from resumebert.settings.rules import REQUIREMENTS
from resumebert.utils.errors import UserError

CONFIG = {**TINY_BERT, "vocab_size": 100, "num_hidden_layers": 2}
IDS = torch.tensor([[2, 17, 31, 3], [2, 45, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
# alpha / r is neither 1 nor whole.
SETTINGS = {"r": 4, "alpha": 10.0, "dropout": 0.1, "target_modules": list(TARGETS)}


class Holder(nn.Module):
    """A module with a BERT below it, as the LightningModule is."""

    def __init__(self) -> None:
        super().__init__()
        self.bert = plain()
        self.pooling = nn.Linear(16, 3, bias=False)


def plain() -> BertForSequenceClassification:
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(**CONFIG, num_labels=3))


def with_lora(**changes: object) -> BertForSequenceClassification:
    pytest.importorskip("peft")
    model = plain()
    add_lora(model, **{**SETTINGS, **changes})
    return model


def merged_weights(model: nn.Module) -> dict[str, Tensor]:
    return merge_factors(model.state_dict(), scaling(model))


def trained(model: BertForSequenceClassification, steps: int = 3) -> BertForSequenceClassification:
    optimizer = adamw(model, lr=1e-2)
    model.train()
    for _ in range(steps):
        step(model, optimizer)
    return model.eval()


def step(model: BertForSequenceClassification, optimizer: torch.optim.Optimizer) -> float:
    optimizer.zero_grad()
    loss = model(input_ids=IDS, attention_mask=MASK).logits.square().sum()
    loss.backward()
    optimizer.step()
    return loss.item()


def logits_of(model: BertForSequenceClassification) -> Tensor:
    with torch.inference_mode():
        return model(input_ids=IDS, attention_mask=MASK).logits


def test_at_first_the_outputs_are_those_of_the_model_as_it_was():
    assert torch.equal(logits_of(with_lora().eval()), logits_of(plain().eval()))


@pytest.mark.parametrize("targets", [["query", "value"], ["output"], list(TARGETS)])
def test_factors_and_what_lies_above_the_encoder_are_trained_and_nothing_else(targets):
    model = with_lora(target_modules=targets)
    assert isinstance(model, BertForSequenceClassification)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    trained(model)
    changed = {n for n, tensor in model.named_parameters() if not torch.equal(tensor, before[n])}
    assert changed == {n for n, tensor in model.named_parameters() if tensor.requires_grad}
    factors = {
        f"bert.encoder.layer.{k}.{TARGETS[target]}.lora_{factor}.default.weight"
        for k in range(2)
        for target in targets
        for factor in "AB"
    }
    above = {n for n in before if n.startswith(("bert.pooler.", "classifier."))}
    assert changed == factors | above


def test_what_was_frozen_above_the_encoder_stays_frozen():
    pytest.importorskip("peft")
    model = plain()
    model.bert.pooler.requires_grad_(False)
    add_lora(model, **SETTINGS)
    assert not model.bert.pooler.dense.weight.requires_grad
    assert model.classifier.weight.requires_grad


def test_factors_in_frozen_layers_are_not_trained():
    model = with_lora()
    freeze(model, embeddings=True, layers=1)
    found = {n for n, tensor in model.named_parameters() if tensor.requires_grad and "lora" in n}
    assert found
    assert all(name.startswith("bert.encoder.layer.1.") for name in found)


def test_merged_weights_are_the_formulas():
    model = trained(with_lora())
    name = "bert.encoder.layer.1.attention.self.query"
    module = model.get_submodule(name)
    a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
    expected = module.base_layer.weight + 10.0 / 4 * b @ a
    assert b.abs().max() > 0
    assert torch.allclose(merged_weights(model)[f"{name}.weight"], expected, atol=1e-6)


def test_a_plain_model_loads_the_merged_weights_and_computes_the_same():
    model = trained(with_lora())
    target = plain().eval()
    untrained = logits_of(target)
    merged = merged_weights(model)
    assert merged.keys() == target.state_dict().keys()
    target.load_state_dict(merged, strict=True)
    assert torch.allclose(logits_of(target), logits_of(model), atol=1e-5)
    assert not torch.allclose(untrained, logits_of(model), atol=1e-2)


def test_merged_weights_of_a_module_that_holds_the_model_keep_its_prefix():
    pytest.importorskip("peft")
    model = Holder()
    names = list(model.state_dict())
    add_lora(model.bert, **SETTINGS)
    trained(model.bert)
    merged = merged_weights(model)
    assert list(merged) == names
    alone = merged_weights(model.bert)
    assert all(torch.equal(merged[f"bert.{name}"], tensor) for name, tensor in alone.items())


def test_training_goes_on_with_the_same_numbers_after_the_weights_were_merged():
    losses = []
    for merge in (False, True):
        model = with_lora(dropout=0.0).train()
        optimizer = adamw(model, lr=1e-2)
        torch.manual_seed(1)
        losses.append([])
        for _ in range(4):
            losses[-1].append(step(model, optimizer))
            if merge:
                merged_weights(model)
    assert losses[0] == losses[1]


def test_a_merged_model_is_a_plain_one():
    model = trained(with_lora())
    expected = logits_of(model)
    merge_lora(model)
    assert torch.allclose(logits_of(model), expected, atol=1e-5)
    assert list(model.state_dict()) == list(plain().state_dict())
    assert type(model.bert.encoder.layer[0].attention.self.query) is nn.Linear
    merge_lora(model)
    assert torch.allclose(logits_of(model), expected, atol=1e-5)


def test_a_model_without_lora_is_already_merged():
    model = plain()
    own = model.state_dict()
    merged = merged_weights(model)
    assert list(merged) == list(own)
    assert all(merged[name] is own[name] or torch.equal(merged[name], own[name]) for name in own)


def test_the_state_dict_with_factors_is_what_a_run_resumes_from():
    model = trained(with_lora())
    resumed = with_lora().eval()
    resumed.load_state_dict(model.state_dict(), strict=True)
    assert torch.equal(logits_of(resumed), logits_of(model))


def test_a_state_dict_with_factors_is_merged_without_peft(monkeypatch):
    model = trained(with_lora())
    expected, weights = logits_of(model), model.state_dict()
    monkeypatch.setitem(sys.modules, "peft", None)
    target = plain().eval()
    target.load_state_dict(merge_factors(weights, 10.0 / 4), strict=True)
    assert torch.allclose(logits_of(target), expected, atol=1e-5)


def test_factors_learn_at_the_rate_of_their_layer():
    model = with_lora()
    groups = parameter_groups(model, 1e-3, 0.1, 2.0, layer_decay=0.5)
    rates = {group["name"]: group["lr"] for group in groups}
    assert rates == {
        **{"layer_0": 0.5e-3, "layer_1": 1e-3},
        **{"pooler": 1e-3, "pooler_no_decay": 1e-3, "head": 2e-3, "head_no_decay": 2e-3},
    }


def test_without_peft_the_error_says_which_command_fixes_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"`pip install 'resumebert\[peft\]'`"):
        add_lora(plain(), **SETTINGS)


@pytest.mark.parametrize("targets", [["dense"], []])
def test_unknown_targets_are_refused(targets):
    with pytest.raises(UserError, match=r"model\.lora\.target_modules=.* query, key, value, "):
        add_lora(plain(), **{**SETTINGS, "target_modules": targets})


@pytest.mark.parametrize("option", ["none", "default"])
def test_the_options_of_the_config_are_complete(option):
    value = OmegaConf.load(REPOSITORY / f"conf/model/lora/{option}.yaml")
    value = value.lora if option == "none" else value
    assert REQUIREMENTS["model.lora"].holds(value)
    if value is not None:
        pytest.importorskip("peft")
        add_lora(plain(), **value)


def test_the_config_allows_the_targets_that_there_are():
    requirement = REQUIREMENTS["model.lora.target_modules"]
    assert requirement.words == f"one or more of {', '.join(TARGETS)}"
    assert requirement.holds(list(TARGETS))
    assert not any(requirement.holds(value) for value in ([], ["dense"], "query", 3, None))
