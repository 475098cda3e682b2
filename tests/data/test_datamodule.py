import numpy as np
import pytest

from helpers import make_datamodule, make_table
from resumebert.data.datamodule import with_label_order
from resumebert.data.prepared import random_subset
from resumebert.utils.errors import UserError

TEXTS = [f"<b>Résumé</b>&nbsp;number {i} " + "java " * (i % 7) for i in range(60)]


def test_every_document_is_in_exactly_one_loader(tokenizer):
    datamodule = make_datamodule(tokenizer, make_table(TEXTS))
    loaders = (
        datamodule.train_dataloader(),
        datamodule.val_dataloader(),
        datamodule.test_dataloader(),
    )
    seen = [index for loader in loaders for batch in loader for index in batch["index"].tolist()]
    assert sorted(seen) == list(range(60))
    assert [sum(len(b["index"]) for b in loader) for loader in loaders] == [36, 12, 12]


def test_texts_are_cleaned_before_they_are_tokenised(tokenizer):
    datamodule = make_datamodule(tokenizer, make_table(TEXTS))
    assert datamodule.table.texts[3] == "Résumé number 3 java java java "
    assert np.array_equal(
        datamodule.tokens[3], tokenizer.encode(["Résumé number 3 java java java"])[0]
    )


def test_duplicates_share_a_split_whatever_the_seed(tokenizer):
    table = make_table([TEXTS[i % 20] for i in range(60)])
    for seed in range(5):
        datamodule = make_datamodule(tokenizer, table, seed=seed)
        assert datamodule.report["duplicates"] == {
            "documents": 60,
            "distinct_texts": 20,
            "distinct_groups": 20,
            "groups_of_duplicates": 20,
            "surplus_duplicates": 40,
            "groups_with_conflicting_labels": 0,
            "conflicting_groups": [],
        }
        for i in range(20):
            assert len({datamodule.split[j] for j in (i, i + 20, i + 40)}) == 1


def test_limit_draws_a_seeded_subset(tokenizer):
    table = make_table(TEXTS)
    first, same, other = (
        make_datamodule(tokenizer, table, limit=30, seed=seed).table.ids for seed in (1, 1, 2)
    )
    assert first == same
    assert first != other
    assert len(first) == 30
    assert make_datamodule(tokenizer, table, limit=500).report["rows_left_out_by_limit"] == 0
    assert random_subset(100, 100, 0).tolist() == list(range(100))


def test_report_counts_what_truncation_takes(tokenizer):
    texts = [f"{10 + i} " + "java " * (19 if i % 2 else 3) for i in range(20)]
    report = make_datamodule(tokenizer, make_table(texts)).report
    assert report["tokens"]["documents_truncated"] == 10
    assert report["tokens"]["share_of_tokens_read"] == (14 + 4) / (20 + 4)
    assert report["splits"]["train"]["documents"] == 12
    assert sum(split["labels"]["A"] for split in report["splits"].values()) == 10


def test_label_columns_are_put_in_the_models_order():
    table = make_table(["x", "y"])
    swapped = with_label_order(table, ["B", "A"])
    assert swapped.label_names == ["B", "A"]
    assert np.array_equal(swapped.labels, table.labels[:, ::-1])
    with pytest.raises(UserError, match=r"\[A, B\], the model knows \[A, C\]"):
        with_label_order(table, ["C", "A"])


def test_an_unknown_split(tokenizer):
    datamodule = make_datamodule(tokenizer, make_table(TEXTS))
    assert len(datamodule.indices("all")) == 60
    with pytest.raises(UserError, match="split=dev"):
        datamodule.indices("dev")
