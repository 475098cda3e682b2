"""Settings are checked, resolved and frozen once."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from resumebert import UserError, compose
from resumebert.data.build import treatment
from resumebert.data.windows import STRATEGIES
from resumebert.settings.calls import as_yaml, class_named, made
from resumebert.settings.compose import eval_settings, plain_config, train_settings
from resumebert.settings.schema import DataSettings, TrainSettings, frozen, thawed


def settings(*overrides: str) -> TrainSettings:
    return train_settings(compose(["model=bert_tiny", *overrides]))


def test_nothing_writes_to_settings_nor_to_the_config_they_come_from():
    config = compose(["data=table", "data.path=a.csv", "data.max_length=auto"])
    before = config.copy()
    found = train_settings(config, {"seed": 7, "data.reader": {"_target_": "builtins.dict"}})
    assert config == before
    assert (found.seed, dict(found.data.reader)) == (7, {"_target_": "builtins.dict"})
    with pytest.raises(FrozenInstanceError):
        found.seed = 8
    with pytest.raises(FrozenInstanceError):
        found.data.max_length = 8
    for mapping in (found.optimizer, found.data.split, found.whole.plain["callbacks"]["progress"]):
        with pytest.raises(TypeError):
            mapping["lr"] = 8


def test_every_auto_that_needs_no_data_is_resolved_once():
    for strategy in STRATEGIES:
        found = settings(f"data.long_documents={strategy}", "data.max_length=auto").data
        assert found.max_length == (64 if strategy == "windows" else 512)
    assert settings("data.long_documents=windows", "data.max_length=256").data.max_length == 256


@pytest.mark.parametrize(
    ("setting", "max_length", "expected"),
    [("auto", 64, 64), ("auto", 512, 8), ("auto", 600, 8), (9, 64, 9), ("null", 64, None)],
)
def test_left_to_itself_the_bound_is_512_tokens_for_each_document(setting, max_length, expected):
    data = settings(
        "data.batch_size=8", f"data.max_windows_train={setting}", f"data.max_length={max_length}"
    ).data
    assert data.max_windows_train == treatment(data)[1].max_windows_train == expected


def test_a_checkpoints_config_says_what_auto_meant_and_holds_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    whole = settings("data=table", "data.path=a.csv", "data.labels_column=l", "+mine=3").whole
    assert (
        whole.plain["data"]["path"] == whole.plain["data"]["reader"]["path"] == f"{tmp_path}/a.csv"
    )
    assert whole.plain["data"]["max_length"] == 64
    assert whole.plain["data"]["max_windows_train"] == "auto"
    assert (whole.at("mine"), whole.at("data.nothing.at_all")) == (3, None)
    # What follows another key says so where the config is written.
    written = OmegaConf.create(whole.written)
    assert OmegaConf.is_interpolation(written.callbacks.best_checkpoint, "monitor")
    assert "callbacks.best_checkpoint.monitor" in whole.following
    assert plain_config(written) == thawed(whole.plain)


def test_a_key_that_is_missing_is_named():
    for override in ("~data.batch_size", "~trainer.devices", "~seed"):
        with pytest.raises(UserError, match=f"{override[1:]}: no value is given"):
            settings(override)
    with pytest.raises(UserError, match=r"data\.limit: no value is given"):
        settings("data.limit=???")
    with pytest.raises(UserError, match=r"ckpt is not given.* python eval\.py ckpt="):
        eval_settings(compose(name="eval"))


def test_a_name_may_be_a_number():
    found = eval_settings(compose(["ckpt=7", "data=table", "data.text_column=8"], name="eval"))
    assert (found.ckpt, found.data["reader"]["text_column"]) == ("7", "8")
    assert found.typed == ("ckpt=7", "data=table", "data.text_column=8")


def test_groups_may_be_left_out():
    found = settings("~callbacks", "~logger")
    assert not found.callbacks
    assert not found.logger


def test_data_of_a_checkpoint_are_resolved_as_those_of_a_config():
    plain = {**thawed(settings().whole.plain["data"]), "long_documents": "truncate"}
    assert DataSettings.of({**plain, "max_length": "auto"}).max_length == 512


@pytest.mark.parametrize("text", ["${oc.env:HOME}", r"a ${b} \${c} ${", "${d", r"e\\"])
def test_a_text_is_passed_on_as_it_is(text):
    given = frozen({"_target_": "builtins.dict", "x": text, "y": {"_target_": "pathlib.Path"}})
    assert made(given) == {"x": text, "y": Path()}
    assert yaml.safe_load(as_yaml({"x": "ä", "y": [text]})) == {"x": "ä", "y": [text]}


def test_a_class_must_be_of_its_kind():
    assert class_named("pathlib.PosixPath", Path, "x._target_").__name__ == "PosixPath"
    with pytest.raises(UserError, match=r"x\._target_=builtins\.dict: it is no Path"):
        class_named("builtins.dict", Path, "x._target_")
