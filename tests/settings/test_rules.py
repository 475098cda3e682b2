import pytest
from omegaconf import OmegaConf

from resumebert.data.windows import STRATEGIES
from resumebert.model.pooling import POOLING_NAMES
from resumebert.settings.rules import check_max_length, check_values
from resumebert.utils.errors import UserError


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer.lr", -1e-5),
        ("optimizer.lr", 0),
        ("optimizer.lr", "fast"),
        ("optimizer.lr", float("nan")),
        ("data.batch_size", 0),
        ("data.batch_size", 2.5),
        ("data.batch_size", True),
        ("data.max_length", 2),
        ("data.limit", 0),
        ("data.long_documents", "all"),
        ("data.stride", -1),
        ("data.max_windows_train", 0),
        ("data.label_aliases", "x"),
        ("data.label_aliases", {float("nan"): "x"}),
        ("data.label_aliases", [["a", "b", "c"]]),
        ("data.rows", "per_page"),
        ("model.pooling", "sum"),
        ("trainer.accelerator", "quantum"),
        ("trainer.precision", "8-bit"),
        ("trainer.max_epochs", 0),
        ("trainer.max_steps", 0),
        ("scheduler.warmup", -0.1),
        ("scheduler.factor", 1),
        ("scheduler.patience", -1),
        ("loss.max_weight", 0.5),
        ("loss.clip", 0.6),
        ("loss.gamma", -1),
        ("data.shares.train", 0),
        ("data.shares.val", 1.5),
        ("model.hidden_dropout", 1.5),
        ("seed", -1),
        ("monitor.mode", "up"),
        ("split", "dev"),
        ("evaluation.label_words", "coder"),
        ("data.mask_label_words", 5),
        ("data.mask_label_words", {"titles": 0.5}),
        ("data.mask_label_words.names", 2),
        ("evaluation.label_words", {"A": "coder"}),
    ],
)
def test_a_wrong_value_is_refused_and_named(key, value):
    config = OmegaConf.create()
    OmegaConf.update(config, key, value)
    with pytest.raises(UserError) as error:
        check_values(config)
    assert f"{key}={value}: must be " in str(error.value)


def test_a_batch_must_have_room_for_a_window_of_each_document():
    config = OmegaConf.create(
        {"data": {"long_documents": "windows", "batch_size": 8, "max_windows_train": 7}}
    )
    with pytest.raises(UserError, match=r"data\.max_windows_train=7: a batch of"):
        check_values(config)


def test_a_document_is_read_in_one_way():
    config = OmegaConf.create({"data": {"mask_label_words": {"names": 0.5, "words": 0.5}}})
    check_values(config)
    config.data.mask_label_words.words = 0.6
    with pytest.raises(UserError, match=r"the shares are 1 together at most"):
        check_values(config)


def test_the_choices_are_those_that_there_are():
    for key, choices in (("data.long_documents", STRATEGIES), ("model.pooling", POOLING_NAMES)):
        for choice in choices:
            check_values(OmegaConf.create({key.split(".")[0]: {key.split(".")[1]: choice}}))


def test_all_wrong_values_are_named_together():
    config = OmegaConf.create({"optimizer": {"lr": -1}, "data": {"batch_size": 0}})
    with pytest.raises(UserError, match=r"data\.batch_size=0.*optimizer\.lr=-1"):
        check_values(config)


def test_right_values_and_absent_keys_pass():
    check_values(OmegaConf.create({"optimizer": {"lr": 1e-5}, "data": {"limit": None}, "seed": 0}))
    for aliases in (None, "auto", {"RN": "nurse", "x": None, 1: "a"}, [["nan", None], ["é", "e"]]):
        check_values(OmegaConf.create({"data": {"label_aliases": aliases}}))


def test_more_tokens_than_positions_are_refused():
    check_max_length(512, 512, "M")
    with pytest.raises(UserError, match=r"data\.max_length=9999: M reads at most 512"):
        check_max_length(9999, 512, "M")
