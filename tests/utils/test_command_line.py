"""The settings of a command line."""

import shlex
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from resumebert.utils.command_line import (
    as_override,
    command_line,
    expand_home,
    given_keys,
    value_of,
)

# A lone surrogate can't be typed; ??? is how OmegaConf writes a missing value.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text("ab c'\"\\\\é(){}[]=,:$#\n\t?*!~;&|<>`%7.-", max_size=12),
    st.sampled_from(
        ["null", "true", "7", "1e5", "nan", "", " ", "range(1,3)", "my runs/a=b,[c] 'd'"]
    ),
).filter(lambda text: text != "???")


@given(TEXTS)
def test_a_text_in_a_printed_command_is_read_back_as_it_is(text):
    line = command_line("python", "eval.py", **{"a.b": text})
    assert line == command_line("python", "eval.py", as_override("a.b", text))
    *words, typed = shlex.split(line)
    assert words == ["python", "eval.py"]
    read = OverridesParser.create().parse_override(typed)
    assert OmegaConf.create({"a": read.value()}).a == text


def test_a_plain_path_stands_without_quotes():
    path = Path("outputs/train/2026-01-31_10-00-00")
    assert command_line("python", "eval.py", ckpt=path) == f"python eval.py ckpt={path}"
    assert command_line("tensorboard", "--logdir", "a b") == "tensorboard --logdir 'a b'"


def test_keys_are_those_of_the_training():
    overrides = ["optimizer.lr=1", "+a.b=2", "~c", "data/split=kfold", "hydra.run.dir=x",
                 "ckpt_path=x", "callbacks.pruning.trial=3", "optimizer.lr=2"]  # fmt: skip
    assert given_keys(overrides) == ("optimizer.lr", "a.b", "c", "data/split")


def test_a_groups_value_is_its_option():
    config = OmegaConf.create({"loss": {"gamma": 2}, "x": 1e-5, "broken": "${nothing}", "l": [1]})
    assert value_of(config, {"loss": "focal"}, "loss") == "focal"
    assert value_of(config, {}, "x") == 1e-5
    assert value_of(config, {}, "loss") == '{"gamma": 2}'
    assert value_of(config, {}, "l") == "[1]"
    assert value_of(config, {}, "absent") is None
    assert value_of(config, {}, "broken") is None


@pytest.mark.parametrize("separator", [",", ", ", ";", "|", "/", "=", "'", '"', "\\", "#"])
def test_a_separator_needs_no_quotes_within_quotes(separator):
    arguments = [f"data.label_separator={separator}"]
    expand_home(arguments)
    assert OverridesParser.create().parse_override(arguments[0]).value() == separator


def test_the_users_folder_is_written_out(monkeypatch):
    monkeypatch.setenv("HOME", "/home/a b")
    arguments = ["eval.py", "ckpt=~/runs/x=1", "~trainer.precision", "data.path=~", "x=a~/b"]
    expand_home(arguments)
    assert arguments == [
        "eval.py", 'ckpt="/home/a b/runs/x=1"', "~trainer.precision", "data.path=/home/a b",
        "x=a~/b",
    ]  # fmt: skip
