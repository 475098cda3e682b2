import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForPreTraining, BertForSequenceClassification, BertModel

from helpers import TINY_BERT
from resumebert.model.layers import freeze, keep_lowest_layers
from resumebert.model.optimization import adamw
from resumebert.model.pretrained import load_bert_config, load_weights
from resumebert.utils.errors import UserError

FOUR_LAYERS = {**TINY_BERT, "vocab_size": 100, "num_hidden_layers": 4}
IDS = torch.tensor([[2, 17, 31, 3], [2, 45, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


def classifier(config: dict) -> BertForSequenceClassification:
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(**config, num_labels=3))


def loss_of(model: BertForSequenceClassification) -> torch.Tensor:
    return model(input_ids=IDS, attention_mask=MASK).logits.square().sum()


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_kept_layers_compute_what_they_did_in_the_whole_model(tmp_path, layers):
    torch.manual_seed(1)
    BertForPreTraining(BertConfig(**FOUR_LAYERS)).save_pretrained(tmp_path)
    whole = load_bert_config(tmp_path)
    model = classifier(keep_lowest_layers(whole, layers)).eval()
    load_weights(model, tmp_path)
    reference = BertModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        found = model.bert(input_ids=IDS, attention_mask=MASK).last_hidden_state
        states = reference(input_ids=IDS, attention_mask=MASK, output_hidden_states=True)
    assert torch.allclose(found, states.hidden_states[layers], atol=1e-6)
    assert whole["num_hidden_layers"] == 4


def test_null_keeps_all_layers():
    assert keep_lowest_layers(FOUR_LAYERS, None) == FOUR_LAYERS


@pytest.mark.parametrize("layers", [0, 5])
def test_a_number_of_layers_that_the_model_does_not_have(layers):
    with pytest.raises(UserError, match=rf"model\.num_layers={layers}: .* from 1 to 4, or null"):
        keep_lowest_layers(FOUR_LAYERS, layers)


@given(embeddings=st.booleans(), layers=st.integers(0, 4))
@settings(max_examples=10, deadline=None)
def test_a_step_changes_what_is_trained_and_nothing_frozen(embeddings, layers):
    model = classifier(FOUR_LAYERS).train()
    freeze(model, embeddings=embeddings, layers=layers)
    frozen = [f"bert.encoder.layer.{k}." for k in range(layers)]
    frozen += ["bert.embeddings."] if embeddings else []
    optimizer = adamw(model, lr=1e-2)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    loss_of(model).backward()
    optimizer.step()
    for name, parameter in model.named_parameters():
        is_frozen = name.startswith(tuple(frozen))
        assert parameter.requires_grad is not is_frozen, name
        assert (parameter.grad is None) is is_frozen, name
        assert torch.equal(parameter, before[name]) is is_frozen, name


def test_backward_does_not_go_through_frozen_layers():
    model = classifier(FOUR_LAYERS).train()
    freeze(model, embeddings=True, layers=2)
    in_graph = []
    for layer in model.bert.encoder.layer:
        layer.register_forward_hook(lambda _, __, output: in_graph.append(output.requires_grad))
    loss_of(model)
    assert in_graph == [False, False, True, True]


def test_frozen_layers_keep_their_dropout_in_training():
    model = classifier(FOUR_LAYERS).train()
    freeze(model, embeddings=True, layers=4)
    assert loss_of(model) != loss_of(model)


def test_more_frozen_layers_than_there_are():
    with pytest.raises(UserError, match=r"model\.freeze_layers=5: .* from 0 to 4"):
        freeze(classifier(FOUR_LAYERS), embeddings=False, layers=5)
