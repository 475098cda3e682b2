"""Documents of any length through the whole of a run."""

import json

import pandas as pd
import pytest

from helpers import LEAN, Command


def write_table(path, words: int) -> None:
    """Write 40 short documents and one of so many words, with its label's word at the very end."""
    rows = [
        {
            "id": f"r{i}",
            "text": f"{('beta', 'alpha')[i % 2]} number {i} " * 5,
            "labels": "AB"[i % 2],
        }
        for i in range(40)
    ]
    text = " ".join(f"word{i % 977}" for i in range(words)) + " alpha"
    rows.append({"id": "long", "text": text, "labels": "B"})
    pd.DataFrame(rows).to_csv(path, index=False)


@pytest.mark.parametrize("words", [3_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_no_document_is_cut_or_too_long(command: Command, tmp_path, words):
    write_table(tmp_path / "mine.csv", words)
    arguments = (
        *LEAN, "evaluation.bootstrap_resamples=20", "evaluation.probes=false",
        "data=table", "data.path=mine.csv", "data.labels_column=labels",
        "data.limit=null", "data.max_length=64", "data.max_windows_train=8",
        "data/split=predefined", "data.split.manifest=split.csv", "hydra.run.dir=run",
    )  # fmt: skip
    places = ["train"] * 30 + ["val"] * 5 + ["test"] * 5
    split = [{"id": f"r{i}", "split": place} for i, place in enumerate(places)]
    for place in ("train", "test"):
        listed = [*split, {"id": "long", "split": place}]
        pd.DataFrame(listed).to_csv(tmp_path / "split.csv", index=False)
        report = f"evaluation.report={str(place == 'test').lower()}"
        result = command("train", *arguments, report)
        assert result.code == 0, result.errors
        report = json.loads((tmp_path / "run" / "data_report.json").read_text())
        assert report["tokens"]["share_of_tokens_read"] == 1.0
        assert report["windows"]["quantiles"]["1"] >= words / 62
    predictions = pd.read_csv(tmp_path / "run" / "predictions_test.csv")
    assert predictions.loc[predictions["id"] == "long", ["A", "B"]].notna().all(axis=None)
