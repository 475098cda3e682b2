import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from report_inputs import full_report, made_analysis, made_comparison, made_error, made_result
from resumebert.evaluation.abstention import Abstention
from resumebert.evaluation.analysis import Analysis
from resumebert.report import ReportInput, report_html, write_report
from resumebert.report.data_tables import data_tables

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;é日本 {{ 7*7 }}"
VOID = {"meta", "link", "br", "wbr"}
OWN_TAGS = {
    "a", "article", "aside", "b", "body", "circle", "code", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "h1", "h2", "h3", "head", "header", "html", "i", "label", "li", "link",
    "main", "mark", "meta", "nav", "ol", "option", "p", "path", "pre", "rect", "script", "section",
    "select", "small", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th",
    "thead", "title", "tr", "ul", "wbr",
}  # fmt: skip


class Page(HTMLParser):
    """Tags of a page with their attributes, and its text; fails where tags do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def full() -> str:
    return report_html(full_report())


def test_every_section_is_there_and_can_be_reached(full):
    page = Page(full)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    sections = [attributes["id"] for attributes in page.all("section")]
    assert sections == [
        "results", "labels", "curves", "confusion", "review", "slices", "swaps", "errors",
        "suspects", "training", "data", "top1", "repeat",
    ]  # fmt: skip
    links = [attributes["href"] for attributes in page.all("a")]
    assert {link[1:] for link in links} <= set(ids)
    assert {f"#{name}" for name in sections} <= set(links)
    for words in ("A note of the thresholds.", "python train.py 'data.path=a b.csv'", "seed: 42"):
        assert words in page.text
    assert "Not in this report" not in page.text


def test_the_page_needs_nothing_else(full):
    page = Page(full)
    for tag, attributes in page.tags:
        assert "src" not in attributes
        assert tag == "meta" or not any(name.startswith("on") for name in attributes)
    assert all(a["href"].startswith("data:") for a in page.all("link"))
    assert not re.search(r"url\(|@import|https?://", full.replace("http://www.w3.org/2000/svg", ""))
    [script] = re.findall(r"<script>(.*?)</script>", full, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}" in full or f"script-src 'sha256-{digest}" in full


def test_pictures_have_words_for_who_cannot_see_them(full):
    pictures = Page(full).all("svg")
    assert len(pictures) > 40
    assert all(a["role"] == "img" and len(a["aria-label"] or "") > 5 for a in pictures)


def test_figures_are_those_of_the_result_with_interval_and_baseline(full):
    result = full_report().result
    text = Page(full).text
    for name in ("tuned/f1_micro", "tuned/ap/Label_2", "f1/Label_1"):
        low, high = result.intervals[name]
        assert f"{result.metrics[name]:.3f}{low:.3f}–{high:.3f}" in text
    assert result.baseline is not None
    assert f"{result.baseline.metrics['tuned/f1/Label_3']:.3f}" in text


def test_a_comparison_has_a_section_with_a_table_a_picture_and_the_documents():
    result = made_result()
    compared = made_comparison(result)
    page = Page(report_html(full_report(result, compared=compared)))
    assert [a["id"] for a in page.all("section")][1] == "comparison"
    assert "#comparison" in [attributes["href"] for attributes in page.all("a")]
    micro = compared.found.metrics["f1_micro"]
    assert f"{micro.difference:+.3f}".replace("-", "−") in page.text
    [picture] = [a for a in page.all("svg") if "forest" in (a["class"] or "")]
    for name in ("F1 micro", "Label_3", "Holm"):
        assert name in (picture["aria-label"] or "")
    differing = len(compared.documents)
    assert f"{differing} of 120. On " in page.text
    assert compared.documents[0].excerpt in page.text
    for words in ("It is unfair.", "outputs/x/checkpoints/best.ckpt", "differs from x by"):
        assert words in page.text


def test_a_comparison_of_a_model_with_itself_is_drawn_too():
    result = made_result()
    compared = made_comparison(replace(result, baseline=result))
    page = Page(report_html(full_report(result, compared=replace(compared, warning=""))))
    assert "There is none." in page.text
    assert "no more than chance would give" in page.text


def test_of_many_labels_those_that_differ_most_are_drawn():
    result = made_result(labels=40)
    page = Page(report_html(full_report(result, compared=made_comparison(result))))
    assert "The 20 labels that differ least are in the table alone." in page.text


def test_what_the_baseline_was_trained_on_and_why_there_is_none_is_said():
    note = "trained on 5 of the 9 training documents"
    part = replace(made_result(), baseline_note=note)
    text = Page(report_html(ReportInput("A run", [part]))).text
    assert f"A linear model over words, {note}, reaches" in text
    assert f"The linear baseline was {note}." in text
    none = replace(made_result(baseline=False), baseline_note="It was left out.")
    text = Page(report_html(ReportInput("A run", [none]))).text
    assert "There is no linear baseline to compare with. It was left out." in text


def test_single_label_scores_have_intervals_and_say_how_far_they_are_off(full):
    result = full_report().result
    text = Page(full).text
    low, high = result.intervals["top1/accuracy"]
    assert f"{result.metrics['top1/accuracy']:.3f}{low:.3f}–{high:.3f}" in text
    gap = result.metrics["top1/accuracy"] - result.metrics["tuned/subset_accuracy"]
    assert f"{gap:.3f} above the share of documents with every label right" in text


def test_nothing_that_comes_from_outside_is_taken_for_html(tmp_path):
    labels = [HOSTILE, f"{HOSTILE} 2", "x' onload='y", "</title></style>"]
    result = made_result(40, labels)
    analysis = made_analysis(labels, HOSTILE * 30)
    report = full_report(
        result, title=HOSTILE, notes=[HOSTILE], facts={HOSTILE: HOSTILE},
        analysis=replace(analysis, errors=[made_error(HOSTILE * 30, labels, HOSTILE)]),
        config_yaml=HOSTILE, environment={"command": [HOSTILE], HOSTILE: HOSTILE}, compared=replace(
            made_comparison(result), names=(HOSTILE, HOSTILE), warning=HOSTILE
        ),
    )  # fmt: skip
    path = tmp_path / "report.html"
    write_report(path, report)
    page = Page(path.read_text(encoding="utf-8"))
    assert len(page.all("script")) == 1
    assert {tag for tag, _ in page.tags} <= OWN_TAGS
    assert not [n for _, attributes in page.tags for n in attributes if n.startswith("on")]
    assert HOSTILE in page.text


def test_counts_are_whole_and_shares_have_digits():
    report = {"tokens": {"quantiles": {"0.5": 1187.4}, "share_of_tokens_read": 0.43512}}
    counts, lengths = data_tables(report)
    assert lengths.rows == [("tokens", "1,187")]
    assert counts.rows == [("share of all tokens that is read", "0.435")]


def test_what_is_sent_to_a_person_is_said_with_its_promise():
    result = made_result(seed=3)
    page = Page(report_html(full_report(result)))
    assert "Every document is decided." in page.text
    rule = Abstention(0.4, 0.95, 0.5, 300, 0.25, 0.38)
    values = result.metrics | {"abstain/reviewed": 0.21, "abstain/errors": 0.37}
    ends = result.intervals | {"abstain/reviewed": (0.15, 0.3), "abstain/errors": (0.3, 0.44)}
    promised = replace(result, abstention=rule, metrics=values, intervals=ends)
    page = Page(report_html(full_report(promised)))
    assert "21.0% [15.0%–30.0%] of these documents are sent to a person." in page.text
    assert "37.0% [30.0%–44.0%] are wrong or missed; promised, 95% sure, is at most 40.0%" in (
        page.text
    )
    none = replace(result, abstention=replace(rule, limit=None))
    assert "Every document is sent to a person" in Page(report_html(full_report(none))).text


def test_what_is_missing_is_said_and_leaves_no_empty_box():
    result = made_result(resamples=0, baseline=False)
    page = Page(report_html(ReportInput("A run", [result])))
    assert [a["id"] for a in page.all("section")] == [
        "results", "labels", "curves", "confusion", "review", "top1", "repeat",
    ]  # fmt: skip
    for words in ("slices", "learning curves", "the config", "errors with their texts"):
        assert words in page.text.split("Not in this report")[1]
    assert "There is no linear baseline" in page.text
    assert "No intervals were computed" in page.text
    assert "baseline F1" not in page.text


def test_what_was_looked_for_and_not_found_is_not_called_missing():
    nothing = replace(made_analysis(["a", "b"]), errors=[], suspects=[])
    page = Page(report_html(full_report(analysis=nothing)))
    assert "every label of every document is right" in page.text
    assert "no label of the data contradicts confident scores" in page.text
    assert "Not in this report" not in page.text


def test_an_error_has_the_labels_missed_wrongly_given_and_right():
    one = replace(made_analysis(["a", "b"]), errors=[made_error("A text.", ["a", "b", "c"])])
    text = Page(report_html(full_report(analysis=one))).text
    assert "1 document with the most confident mistakes" in text
    for words in ("missed a", "wrongly given c", "right b"):
        assert words in " ".join(text.split())


def test_a_label_keeps_its_capitals_in_every_text_alternative():
    page = report_html(full_report(made_result(labels=["QA_Lead", "b"])))
    assert "How often a probability comes true: QA_Lead; before calibration" in page


def test_absent_silent_and_constant_labels_are_called_out():
    truth = np.zeros((50, 4), dtype=bool)
    truth[:, 1] = True
    truth[:20, 2] = truth[:40, 3] = True
    logits = np.full((50, 4), -3.0)
    logits[:, 3] = 3.0
    result = made_result(labels=["absent", "all", "silent", "always"], truth=truth, logits=logits)
    text = Page(report_html(ReportInput("A run", [result]))).text
    assert "No document has the label absent" in text
    assert re.search(r"Never predicted at 0.5: .*silent", text)
    assert "for every document: always" in text
    assert "Fewer than 30 documents have the label silent (20)" in text
    assert "Undefined: no document has the label." in text
    assert "Undefined: all documents have the label." in text


@pytest.mark.parametrize("documents", [1, 2])
def test_few_documents_and_one_label_make_a_page(documents):
    truth = np.ones((documents, 1), dtype=bool)
    Page(report_html(ReportInput("A run", [made_result(labels=1, truth=truth)])))


def test_of_very_many_labels_the_most_frequent_are_drawn(monkeypatch):
    monkeypatch.setattr("resumebert.report.page.LABELS_DRAWN", 3)
    truth = np.random.default_rng(0).random((60, 5)) < [0.5, 0.1, 0.6, 0.05, 0.4]
    page = Page(report_html(ReportInput("A run", [made_result(labels=5, truth=truth)])))
    panels = [a["id"] for a in page.all("details") if (a.get("id") or "").startswith("panel")]
    assert panels == ["panel--1", "panel-0", "panel-2", "panel-4"]
    links = {a["href"] for a in page.all("a") if a["href"].startswith("#label-")}
    assert links == {"#label-0", "#label-2", "#label-4"}
    assert "The 3 most frequent of 5 labels are drawn." in page.text


@pytest.mark.parametrize(
    ("documents", "labels"), [(3000, 10), pytest.param(1500, 100, marks=pytest.mark.slow)]
)
def test_size_is_bounded(documents, labels):
    result = made_result(documents, labels, resamples=0)
    assert result.baseline is not None
    ends = {name: (value - 0.01, value + 0.01) for name, value in result.metrics.items()}
    result = replace(result, intervals=ends, baseline=replace(result.baseline, intervals=ends))
    names = list(result.label_names)
    analysis = made_analysis(names)
    many = Analysis(
        slices=analysis.slices * 10,
        swaps=[replace(s, name=f"{s.name} {i}") for i in range(7) for s in analysis.swaps],
        suspects=analysis.suspects * 500,
        errors=[made_error("A long résumé. " * 3000, names)] * 100,
    )
    assert len(report_html(full_report(result, analysis=many)).encode()) < 3_000_000
