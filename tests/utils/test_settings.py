"""The settings of a command line."""

from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from resumebert.utils.settings import given_keys, quoted, value_of


@given(st.text("ab c'\"\\\\é(){}[]=,:$#", min_size=1, max_size=12))
def test_a_quoted_path_is_read_back_as_it_is(name):
    if "${" in name:
        return
    override = OverridesParser.create().parse_override(f"key={quoted(Path(name))}")
    assert override.value() == str(Path(name))


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
