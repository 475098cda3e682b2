"""leaderboard.csv and leaderboard.html."""

import os
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from made_up import make_run

from resumebert.sweeps.leaderboard import main, write_leaderboard

HOSTILE = "</script><script>alert(1)</script>&\"'"


@pytest.fixture
def sweep(tmp_path):
    folder = tmp_path / "a <sweep>"
    for number, (lr, seed) in enumerate((lr, seed) for lr in (1e-5, 5e-5) for seed in (1, 2, 3)):
        overrides = [f"optimizer.lr={lr}", f"seed={seed}"]
        value = 0.5 + 1000 * lr + 0.01 * seed
        metrics = {"val/f1_macro": value, "test/f1_macro": value - 0.1, "test/f1/A <b>": None}
        metrics["test/baseline/f1_macro"] = 0.3217
        if number == 4:
            make_run(folder / "4", overrides, None, state="failed", reason=HOSTILE)
        else:
            make_run(folder / str(number), overrides, metrics)
    (folder / "0" / "report.html").write_text("a report")
    return folder


class Page(HTMLParser):
    """Checks that what is opened is closed; collects links, addresses and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.loads, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given["href"]] if tag == "a" else []
        self.loads += [given[name] for name in ("src", "data", "srcset") if name in given]
        if tag not in ("meta", "input", "br", "wbr", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_csv_has_a_row_a_run_the_best_group_first(sweep):
    write_leaderboard([sweep])
    table = pd.read_csv(sweep / "leaderboard.csv")
    assert table["run"].tolist() == [0, 1, 2, 3, 4, 5] or table["run"].tolist()[:3] == [3, 4, 5]
    by_run = table.set_index("run")
    assert by_run.loc[4, "state"] == "failed"
    assert by_run.loc[4, "reason"] == HOSTILE
    assert by_run.loc[0, "test/f1_macro"] == pytest.approx(0.42)
    assert by_run.loc[0, "group val/f1_macro mean"] == pytest.approx(0.53)
    # The other group lacks a repeat.
    assert by_run["best"].tolist() == [run in (0, 1, 2) for run in by_run.index]
    assert {"minutes", "documents_per_second", "optimizer.lr", "seed", "folder"} <= set(table)


def test_the_page_is_whole_escaped_and_loads_nothing(sweep):
    write_leaderboard([sweep])
    text = (sweep / "leaderboard.html").read_text()
    page = Page(text)
    assert page.open == []
    assert page.loads == []
    assert "http://" not in text
    assert "https://" not in text
    assert "0/report.html" in page.links
    assert "1/" in page.links
    assert HOSTILE in "".join(page.words)
    assert text.count("<script>") == 1
    for words in (
        "optimizer.lr",
        "1e-5",
        "5e-5",
        "0.5300 ± 0.0100",
        "0.3217 ± 0.0000",
        "6 runs",
        "1 failed",
        "1, 2, 3",
    ):
        assert words in "".join(page.words), words


def test_metrics_of_ones_own_are_columns_from_the_start(tmp_path):
    metrics = {
        "val/f1_macro": 0.5, "val/loss": 1.0, "val/lrap": 0.5, "val/f1/A": 0.5, "val/n": 9.0,
        "val/recall_at_3": 0.75, "val/tuned/recall_at_3": 0.875, "test/recall_at_3": 0.25,
    }  # fmt: skip
    make_run(tmp_path / "sweep" / "0", ["seed=1"], metrics)
    write_leaderboard([tmp_path / "sweep"])
    page = (tmp_path / "sweep" / "leaderboard.html").read_text()
    columns = re.findall(r"<th class=\"[^\"]*\"><button>([^\n]*?)</button>", page)
    metrics_shown = [name.replace("<wbr>", "") for name in columns if "/" in name]
    metrics_shown.remove("documents/s")
    assert metrics_shown == ["val/f1_macro", "val/recall_at_3", "test/recall_at_3"]
    table = pd.read_csv(tmp_path / "sweep" / "leaderboard.csv")
    assert table["val/tuned/recall_at_3"].tolist() == [0.875]


def test_a_reason_that_runs_share_is_told_once(tmp_path):
    for number in range(3):
        reason = "the same" if number else "another"
        overrides = [f"optimizer.lr={number}"]
        make_run(tmp_path / str(number), overrides, None, state="failed", reason=reason)
    write_leaderboard([tmp_path])
    page = Page((tmp_path / "leaderboard.html").read_text())
    words = " ".join("".join(page.words).split())
    assert words.count("the same runs 1, 2") == 1
    assert words.count("another run 0") == 1


def test_unfinished_and_single_runs_make_a_page_too(tmp_path):
    make_run(tmp_path / "0", ["optimizer.lr=1"], None, state="failed", reason="a reason")
    leaderboard = write_leaderboard([tmp_path])
    assert leaderboard.best is None
    assert "No run has a validation figure" in (tmp_path / "leaderboard.html").read_text()
    figures = {"val/f1_macro": 0.0, "test/f1_macro": 0.25, "test/f1_macro_ci": [0.2, 0.3]}
    make_run(tmp_path / "1", ["optimizer.lr=2"], figures)
    assert write_leaderboard([tmp_path]).best is not None
    assert "95 % 0.2000 to 0.3000" in (tmp_path / "leaderboard.html").read_text()


def test_any_folders_make_one_table(sweep, tmp_path, capsys):
    make_run(tmp_path / "alone", ["optimizer.lr=7", "seed=1"], {"val/f1_macro": 0.99})
    main([str(sweep), str(tmp_path / "alone"), "--output", str(tmp_path / "both")])
    assert "best on validation: optimizer.lr=7" in capsys.readouterr().out
    page = Page((tmp_path / "both" / "leaderboard.html").read_text())
    assert "../alone/" in page.links
    assert len(pd.read_csv(tmp_path / "both" / "leaderboard.csv")) == 7


@pytest.mark.parametrize("name", ["nothing_here", "empty"])
def test_a_folder_without_runs_is_one_message(tmp_path, capsys, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit) as leave:
        main([str(tmp_path / name)])
    assert leave.value.code == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_a_folder_need_not_be_utf_8(tmp_path, capsys):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    make_run(folder / "0", ["seed=1"], {"val/f1_macro": 0.5})
    assert write_leaderboard([folder]) is not None
    [row] = pd.read_csv(folder / "leaderboard.csv")["folder"]
    assert row == f"{tmp_path}/caf\\udce9/0"
    assert "caf\\udce9" in (folder / "leaderboard.html").read_text(encoding="utf-8")


def test_a_leaderboard_that_cannot_be_written_is_told(sweep, capsys):
    (sweep / "leaderboard.csv").mkdir()
    with pytest.raises(SystemExit) as ended:
        main([str(sweep)])
    assert ended.value.code == 1
    assert "leaderboard.csv: the file can't be written (Is a dir" in capsys.readouterr().err
