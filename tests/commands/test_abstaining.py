"""Documents sent to a person and guaranteed thresholds, from training to use."""

import csv
import json

import pytest

from helpers import LEAN, QUICK
from resumebert import ResumeLabeler
from resumebert.data.readers import read_sample

PROMISES = (
    *QUICK, "data.limit=300", "evaluation.slices=false", "evaluation.probes=false",
    "evaluation.label_noise=false", "evaluation.baseline=false", "trainer.precision=32-true",
    "evaluation.abstain=0.95", "evaluation.confidence=0.6", "evaluation.thresholds=guaranteed",
    "evaluation.recall_floor=0.5",
)  # fmt: skip


@pytest.fixture(scope="module")
def run(shared_run):
    return shared_run("promises", *PROMISES)


@pytest.fixture(scope="module")
def rows(run):
    with (run / "predictions_test.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_labeler_marks_what_the_run_marked(run, rows):
    sample = read_sample()
    text_of = dict(zip(sample.ids, sample.texts, strict=True))
    labeler = ResumeLabeler.load(run, device="cpu", precision=None)
    found = labeler.predict([text_of[row["id"]] for row in rows])
    assert [str(each.review) for each in found] == [row["review"] for row in rows]
    expected = [each.expected_errors for each in found]
    assert expected == pytest.approx([float(row["expected_errors"]) for row in rows], abs=1e-5)
    reviewed = json.loads((run / "metrics.json").read_text())["test/abstain/reviewed"]
    assert 0 <= reviewed <= 1


def test_an_evaluation_repeats_what_is_reviewed(run, command, tmp_path):
    result = command(
        "eval", f"ckpt={run}", "evaluation.report=false", "hydra.run.dir=again",
        "evaluation.bootstrap_resamples=0",
    )  # fmt: skip
    assert result.code == 0, result.errors
    folders = (run, tmp_path / "again")
    then, now = (json.loads((folder / "metrics.json").read_text()) for folder in folders)
    assert now["test/abstain/errors"] == then["test/abstain/errors"]


def test_the_report_says_what_is_promised(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Sent to a person" in page
    assert "sent to a person" in page


def test_what_can_not_be_promised_is_refused_in_words(command):
    result = command(
        "train", *LEAN, "evaluation.abstain=0.05", "evaluation.thresholds=guaranteed",
        "hydra.run.dir=few",
    )  # fmt: skip
    assert result.code == 0, result.errors
    said = " ".join(result.output.split())
    assert "evaluation.abstain=0.05: every document is marked for review." in said
    assert "Developer: a recall of 0.9 can't be guaranteed with 95% confidence." in said
    assert "It takes at least 29" in said


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("evaluation.abstain=0", "a number above 0 and below 1"),
        ("evaluation.confidence=1", "a number above 0 and below 1"),
        ("evaluation.abstain=much", "a number above 0 and below 1"),
    ],
)
def test_mistakes_are_told(command, typed, words):
    result = command("train", *LEAN, typed)
    assert result.code != 0
    assert f"{typed}: must be {words}" in " ".join(result.errors.split())


def test_no_recall_of_one_can_be_guaranteed(command):
    result = command(
        "train", *LEAN, "evaluation.thresholds=guaranteed", "evaluation.recall_floor=1"
    )
    assert result.code != 0
    assert "it must be below 1" in " ".join(result.errors.split())


def test_texts_unlike_the_training_are_marked(run, rows):
    sample = read_sample()
    text_of = dict(zip(sample.ids, sample.texts, strict=True))
    labeler = ResumeLabeler.load(run, device="cpu", precision=None)
    of_test = labeler.predict([text_of[row["id"]] for row in rows])
    assert sum(bool(each.unlike_training) for each in of_test) <= 0.2 * len(rows)
    greek = "Η γάτα κοιμάται στο παράθυρο και ονειρεύεται ψάρια. " * 20
    empty, foreign = labeler.predict(["", greek])
    assert "length" in empty.unlike_training
    assert "words" in foreign.unlike_training


def test_without_a_share_nothing_is_marked(command, tmp_path):
    result = command("train", *LEAN, "evaluation.unlike_training=0", "hydra.run.dir=none")
    assert result.code == 0, result.errors
    [found] = ResumeLabeler.load(tmp_path / "none", device="cpu").predict([""])
    assert found.unlike_training is None
    assert found.review is None
