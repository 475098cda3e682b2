import io

import pytest
from rich.console import Console

from resumebert.report.console import DATA_LABELS, describe_data


def make_report(names, **changes):
    def part(documents, count):
        return {
            "documents": documents,
            "without_label": 1 if documents else 0,
            "labels": dict.fromkeys(names, count),
        }

    return {
        "source": "mine.csv",
        "rows_read": 1250,
        "rows_used": 1200,
        "rows_skipped": 0,
        "dropped_unlabelled": 0,
        "dropped_duplicates": 0,
        "rows_left_out_by_limit": 0,
        "unused_documents": 0,
        "empty_after_cleaning": 0,
        "straddling_groups": 0,
        "rows_united": 0,
        "understood": [],
        "warnings": [],
        "label_names": names,
        "label_cardinality": 1.5,
        "label_cooccurrence": {name: {} for name in names},
        "duplicates": {
            "groups_of_duplicates": 3,
            "surplus_duplicates": 4,
            "groups_with_conflicting_labels": 0,
        },
        "splits": {"train": part(1000, 250), "val": part(0, 0), "test": part(200, 50)},
        "tokens": {
            "total": 12345,
            "quantiles": {"0.05": 10.0, "0.5": 20.0, "0.95": 30.0, "1": 99.0},
            "max_length": 16,
            "long_documents": "truncate",
            "documents_truncated": 900,
            "share_of_tokens_read": 0.5,
            "share_of_documents_truncated": 0.75,
        },
        "windows": {"per_document": 1.0, "quantiles": {"1": 1.0}},
        **changes,
    }


def printed(report) -> str:
    console = Console(file=io.StringIO(), width=120)
    describe_data(console, report)
    return " ".join(console.file.getvalue().split())


def test_rows_labels_duplicates_and_tokens_are_there():
    names = ["A", "B"]
    text = printed(make_report(names, label_cooccurrence={"A": {"B": 120}, "B": {"A": 120}}))
    assert "1,250 read, 1,200 used" in text
    assert "3 groups with 4 surplus documents, 0 across splits" in text
    assert "A 250 25.0% 50 25.0% B (120)" in text
    assert "documents 1,000 200 1.50 labels a document" in text
    assert "50.0% of them, with data.long_documents=truncate" in text
    assert "75.0% of the documents are cut" in text
    assert "val" not in text  # A split without documents has no column.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rows_skipped": 1234}, "1,234 rows were skipped"),
        ({"rows_skipped": 7}, "7 skipped"),
        ({"dropped_unlabelled": 5}, "5 dropped without label"),
        ({"dropped_duplicates": 6}, "6 dropped as duplicates"),
        ({"rows_left_out_by_limit": 8}, "8 left out by data.limit"),
        ({"unused_documents": 9}, "9 in no split"),
        ({"straddling_groups": 2}, "lie across splits"),
        ({"empty_after_cleaning": 2}, "2 documents have no text"),
        ({"rows_united": 4}, "4 united with others"),
        ({"understood": ["read as [a/b]"]}, "Note: read as [a/b]"),
        ({"warnings": ["few texts [/x]"]}, "few texts [/x] data: mine.csv"),
    ],
)
def test_what_was_left_out_or_is_wrong_is_said(changes, words):
    assert words not in printed(make_report(["A"]))
    assert words in printed(make_report(["A"], **changes))


def test_conflicting_labels_and_labels_without_an_example_are_said():
    report = make_report(["A", "B"])
    report["duplicates"]["groups_with_conflicting_labels"] = 3
    report["splits"]["train"]["labels"]["B"] = 0
    text = printed(report)
    assert "3 groups of duplicates have different labels" in text
    assert "No training document has the label B." in text


def test_of_many_labels_the_most_frequent_are_shown():
    names = [f"label{i}" for i in range(DATA_LABELS + 5)]
    report = make_report(names)
    report["splits"]["train"]["labels"]["label29"] = 999
    text = printed(report)
    assert "label29 999" in text
    assert "label28" not in text
    assert "… 5 more" in text
