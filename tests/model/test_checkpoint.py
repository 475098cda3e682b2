"""Checkpoints that are damaged, edited, of another version or made to run code."""

import copy
import os
import random
import zipfile
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from helpers import REPOSITORY, TINY_BERT
from resumebert.evaluation.decisions import stored_decisions
from resumebert.model.checkpoint import (
    CheckpointExtras,
    load_checkpoint,
    open_resumable,
    store_decisions,
)
from resumebert.model.checkpoint_file import (
    check_plain,
    read_checkpoint,
    without_interpolations,
    write_checkpoint,
)
from resumebert.model.classifier import ResumeClassifier
from resumebert.settings.schema import EvaluationSettings
from resumebert.utils.errors import UserError
from resumebert.utils.folders import checkpoint_file

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "java", "sql"]
LABELS = ["A", "B", "C"]
WINDOW = torch.tensor([[2, 4, 5, 3]])


@pytest.fixture(scope="module")
def whole():
    """The content of a checkpoint."""
    with initialize_config_dir(str(REPOSITORY / "conf"), version_base="1.3"):
        config = compose("train", ["output_dir=/somewhere", "data.max_length=16"])
    plain = OmegaConf.to_container(config, resolve=True)
    plain["trainer"]["precision"] = "32-true"
    torch.manual_seed(0)
    bert = {**TINY_BERT, "vocab_size": 8, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
    model = ResumeClassifier(bert, LABELS, pooling="attention")
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    decisions = {
        "calibration": {
            **{"method": "platt", "slopes": [1.0] * 3, "offsets": [0.0] * 3},
            **{"knots": [[], [], []], "notes": []},
        },
        **{"thresholds": [0.5] * 3, "notes": []},
    }
    extras = CheckpointExtras(
        {"tokenizer.json": tokenizer.to_str()}, "f", plain, [0.5, 0.25, 0.25], decisions
    )
    return {
        "state_dict": dict(model.state_dict()),
        "hyper_parameters": dict(model.hparams),
        "resumebert": asdict(extras),
        "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(50)}}}],
        "loops": {"fit_loop": {"epoch_progress": {"current": {"processed": 1}}}},
        "global_step": 3,
    }


@pytest.fixture
def path(tmp_path, whole):
    write_checkpoint(whole, tmp_path / "best.ckpt")
    return tmp_path / "best.ckpt"


def logits_of(path):
    model, extras = load_checkpoint(path)
    stored_decisions(extras.decisions, len(model.label_names), str(path))
    EvaluationSettings.of(extras.config.get("evaluation", {}))
    with torch.inference_mode():
        return model(WINDOW, torch.ones_like(WINDOW))


def refusal(call, *arguments) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("digest", [True, False])
def test_any_byte_that_changes_is_noticed(path, whole, digest):
    if not digest:
        older = copy.deepcopy(whole)
        older["resumebert"]["format_version"] = 3
        torch.save(older, path)
    expected = logits_of(path)
    content, draw = path.read_bytes(), random.Random(0)
    edges = [*range(0, 200, 7), *range(len(content) - 200, len(content), 3)]
    for place in [*edges, *(draw.randrange(len(content)) for _ in range(60))]:
        changed = bytearray(content)
        changed[place] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        if digest:
            assert str(path) in refusal(load_checkpoint, path)
        else:  # A time of day in the archive, or the space between two parts, says nothing.
            try:
                found = logits_of(path)
            except UserError:
                continue
            assert torch.equal(found, expected), place


def test_what_is_added_or_cut_off_is_noticed_too(path):
    content = path.read_bytes()
    for changed in (content[:-1], content + b"\0", content[:-82], b"PK" + content, b""):
        path.write_bytes(changed)
        assert str(path) in refusal(load_checkpoint, path)


def test_digests_stay_right_when_decisions_are_stored(path, whole):
    store_decisions(path, {**whole["resumebert"]["decisions"], "notes": ["new"]})
    assert load_checkpoint(path)[1].decisions["notes"] == ["new"]


def test_a_file_with_the_digest_taken_off_is_refused_but_an_older_one_is_read(tmp_path, whole):
    torch.save(whole, tmp_path / "x.ckpt")
    assert "no digest" in refusal(load_checkpoint, tmp_path / "x.ckpt")
    for version in (2, 3):
        older = copy.deepcopy(whole)
        older["resumebert"]["format_version"] = version
        if version == 2:
            del older["resumebert"]["decisions"]
            del older["resumebert"]["config"]["model"]["lora"]
            del older["resumebert"]["config"]["data"]["window_sampling"]
            older["hyper_parameters"]["thresholds"] = [0.5] * 3
        torch.save(older, tmp_path / "x.ckpt")
        assert logits_of(tmp_path / "x.ckpt").shape == (1, 3)


def test_a_packed_archive_is_refused(path):
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(path.with_name("packed.ckpt"), "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    assert "compressed" in refusal(load_checkpoint, path.with_name("packed.ckpt"))


def test_what_is_not_there_is_not_called_damaged(tmp_path):
    (tmp_path / "empty.ckpt").touch()
    os.mkfifo(tmp_path / "pipe")
    for call, key in (
        (checkpoint_file, "ckpt"),
        (partial(checkpoint_file, key="compare_to"), "compare_to"),
        (open_resumable, "ckpt_path"),
    ):
        message = refusal(call, tmp_path / "no.ckpt")
        assert message.startswith(f"{key}={tmp_path}/no.ckpt: there is no such file")
        assert "damaged" not in message
        assert refusal(call, tmp_path / "pipe").startswith(f"{key}={tmp_path}/pipe: it is n")
        assert "folder" in refusal(call, tmp_path)
    assert "it is empty" in refusal(load_checkpoint, tmp_path / "empty.ckpt")
    for odd in ("x" * 5000, "a\0b", "~nobody-of-this-name/x"):
        assert "can't be opened" in refusal(checkpoint_file, Path(odd))
    (tmp_path / "a file").touch()
    assert "can't be opened" in refusal(checkpoint_file, tmp_path / "a file" / "x.ckpt")


DROPPED = object()
MUTATIONS = [DROPPED, None, "x", -1, 10**9, float("nan"), [], {}, True, "${oc.env:HOME}"]


def places(content) -> list[tuple[str, ...]]:
    """Return paths to what a checkpoint is used by."""
    parts = content["resumebert"]
    config = parts["config"]
    return [
        *((key,) for key in content),
        *(("hyper_parameters", key) for key in content["hyper_parameters"]),
        *(("hyper_parameters", "bert_config", key) for key in TINY_BERT),
        *(("hyper_parameters", "bert_config", key) for key in ("hidden_act", "layer_norm_eps")),
        *(("resumebert", key) for key in parts),
        *(("resumebert", "decisions", key) for key in parts["decisions"]),
        *(("resumebert", "decisions", "calibration", key) for key in ("slopes", "knots")),
        ("resumebert", "tokenizer_files", "tokenizer.json"),
        *(("resumebert", "config", key) for key in ("data", "model", "loss", "trainer")),
        *(("resumebert", "config", "data", key) for key in config["data"]),
        *(("resumebert", "config", "model", key) for key in ("name", "chunk_tokens", "lora")),
        *(
            ("resumebert", "config", "data", "near_duplicates", key)
            for key in ("ngram", "num_perm")
        ),
        *(("resumebert", "config", "evaluation", key) for key in config["evaluation"]),
        ("resumebert", "config", "evaluation"),
        ("resumebert", "config", "trainer", "precision"),
        ("state_dict", "bert.classifier.bias"),
    ]


@pytest.mark.parametrize(
    "value", MUTATIONS, ids=lambda value: "dropped" if value is DROPPED else repr(value)
)
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in (1, 2))]
)
def test_an_edited_checkpoint_works_or_is_refused(tmp_path, whole, value, part):
    # Each value at a third of the places, and at each place a third of the values.
    first = (MUTATIONS.index(value) + part) % 3
    for place in places(whole)[first::3]:
        edited = copy.deepcopy(whole)
        parent = edited
        for key in place[:-1]:
            parent = parent[key]
        if value is DROPPED:
            del parent[place[-1]]
        else:
            parent[place[-1]] = value
        write_checkpoint(edited, tmp_path / "x.ckpt")
        with suppress(UserError):
            assert logits_of(tmp_path / "x.ckpt").isfinite().all(), place


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_attention_heads", 0),
        ("num_attention_heads", 3),
        ("num_hidden_layers", "2"),
        ("num_hidden_layers", 1_000_000),
        ("num_hidden_layers", 500),
        ("num_hidden_layers", True),
        ("hidden_size", -16),
        ("intermediate_size", 1_000_000),
        ("vocab_size", 10**12),
        ("layer_norm_eps", float("nan")),
        ("layer_norm_eps", "1e-12"),
        ("hidden_dropout_prob", 2),
        ("hidden_act", "os.system"),
        ("chunk_size_feed_forward", 3),
        ("position_embedding_type", "relative_key"),
        ("pad_token_id", 10**6),
        ("is_decoder", True),
        ("attn_implementation", "kernels-community/flash-attn"),
        ("_attn_implementation", "kernels-community/flash-attn"),
        ("auto_map", {"AutoModel": "somebody/code--model.Model"}),
        ("_name_or_path", "somebody/code"),
        ("torch_dtype", "float12"),
        ("quantization_config", {"load_in_4bit": True}),
        ("trust_remote_code", True),
    ],
)
def test_an_edited_architecture_is_refused_before_it_is_built(tmp_path, whole, key, value):
    edited = copy.deepcopy(whole)
    edited["hyper_parameters"]["bert_config"][key] = value
    write_checkpoint(edited, tmp_path / "x.ckpt")
    assert str(tmp_path / "x.ckpt") in refusal(load_checkpoint, tmp_path / "x.ckpt")


def edit_tensors(edited, name):
    weights, bias = edited["state_dict"], torch.zeros(3)
    return {
        "other names": lambda: weights.update({f"{n}": bias for n in range(1000)}),
        "stretched": lambda: weights.update({"bert.classifier.bias": bias[:1].expand(10**9)}),
        "integers": lambda: weights.update({"bert.classifier.bias": bias.long()}),
        "sparse": lambda: weights.update({"bert.classifier.bias": bias.to_sparse()}),
        "nan": lambda: weights.update({"bert.classifier.bias": bias * torch.nan}),
        "meta": lambda: weights.update({"bert.classifier.bias": bias.to("meta")}),
        "many labels": lambda: edited["hyper_parameters"].update(
            label_names=[str(n) for n in range(50_000)]
        ),
        "twice": lambda: edited["hyper_parameters"].update(label_names=["A", "A", "B"]),
        "no text": lambda: edited["hyper_parameters"].update(label_names=["A", 1, "B"]),
        "prevalences": lambda: edited["resumebert"].update(prevalences=[0.5] * 4),
        "rank 0": lambda: edited["resumebert"]["config"]["model"].update(
            lora={"r": 0, "alpha": 1.0, "dropout": 0.0, "target_modules": ["query"]}
        ),
        "token": lambda: edited["hyper_parameters"]["bert_config"].update(vocab_size=5),
        "nested": lambda: edited["resumebert"]["config"].update(x=nested()),
        "tensor": lambda: edited["resumebert"]["config"]["model"].update(chunk_tokens=bias),
    }[name]()


def nested():
    """Return a list that would be of 2**60 items, if it were written out."""
    value = [0]
    for _ in range(60):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "name",
    [
        *("other names", "stretched", "integers", "sparse", "nan", "meta", "many labels", "twice"),
        *("no text", "prevalences", "rank 0", "token", "nested", "tensor"),
    ],
)
def test_edited_weights_and_values_are_refused(tmp_path, whole, name):
    edited = copy.deepcopy(whole)
    edit_tensors(edited, name)
    write_checkpoint(edited, tmp_path / "x.ckpt")
    assert str(tmp_path / "x.ckpt") in refusal(load_checkpoint, tmp_path / "x.ckpt")


def test_resuming_reads_and_checks_the_same_way(path):
    run = open_resumable(path)
    assert (run.extras.split_fingerprint, run.step, run.epochs, run.batches) == ("f", 3, 1, 0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "does not match its digest" in refusal(open_resumable, path)
    assert "does not match its digest" in refusal(read_checkpoint, path)


PLAIN = st.recursive(
    st.text(st.sampled_from("${}:a\\.'\"?"), max_size=12) | st.none(),
    lambda part: st.lists(part, max_size=2),
    max_leaves=4,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("ab", min_size=1, max_size=2), PLAIN, max_size=3))
def test_nothing_in_a_stored_config_is_replaced_when_it_is_read(value):
    try:
        literal = without_interpolations(value)
    except ValueError:
        assert "???" in repr(value)
        return
    assert OmegaConf.to_container(OmegaConf.create(literal), resolve=True) == value


def test_values_that_are_not_plain_are_refused():
    check_plain({"a": [1, 2.5, None, True, "x", (1,)]})
    for value in ({1: 2}, {"a": {1}}, [torch.ones(1)], 2**64, nested(), b"x"):
        with pytest.raises(ValueError, match=r"."):
            check_plain(value)
