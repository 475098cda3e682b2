import re
from dataclasses import replace

from report_inputs import full_report, made_comparison, made_result
from resumebert.report import ReportInput, model_card, write_model_card


def tables(card: str) -> list[list[str]]:
    """Return the card's tables as their lines."""
    return [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)]


def test_the_card_has_its_parts_and_the_figures(tmp_path):
    report = full_report()
    write_model_card(tmp_path / "model_card.md", report)
    card = (tmp_path / "model_card.md").read_text(encoding="utf-8")
    parts = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert parts == [
        "How good it is", "Data", "Recipe", "Fairness probe", "Intended use", "Forbidden use",
        "Limits",
    ]  # fmt: skip
    value = report.result.metrics["tuned/f1_micro"]
    low, high = report.result.intervals["tuned/f1_micro"]
    assert f"{value:.3f} [{low:.3f}–{high:.3f}]" in card
    assert "Annex III" in card
    assert "- loss: binary" in card
    assert "she → he" in card


def test_tables_are_whole_whatever_labels_are_called():
    result = made_result(40, ["a|b", "*c*", "<img>", "line\nbreak"])
    card = model_card(full_report(result))
    assert "<img>" not in card
    for table in tables(card):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
        assert len(widths) == 1
        assert len(table) > 2


def test_what_is_not_known_is_said():
    card = model_card(ReportInput("A run", [made_result(baseline=False)]))
    assert "None was made" in card
    assert "What the model was trained on is not known here." in card
    assert "Not known here" in card
    assert "nothing says whether that is much" in card


def test_a_comparison_and_the_baselines_training_are_in_the_card():
    result = replace(made_result(), baseline_note="trained on 5 of the 9 training documents")
    card = model_card(full_report(result, compared=made_comparison(result)))
    assert "## Compared with another model" in card
    assert "It is unfair." in card
    assert "(TF-IDF), trained on 5 of the 9 training documents; its" in card
