"""data_report.json and environment.json as tables and sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from resumebert.charts.words import listed
from resumebert.report.table import Table, table_of
from resumebert.utils.command_line import command_line

# key of data_report.json → words; "a.b" is b inside a.
LEFT_OUT = {
    "rows_skipped": "skipped as unreadable",
    "dropped_unlabelled": "dropped without label",
    "rows_united": "united with others of the same text",
    "rows_left_out_by_limit": "left out by data.limit",
    "dropped_duplicates": "dropped as duplicates",
    "unused_documents": "in no split",
}
COUNTS = {
    "rows_read": "rows read",
    **LEFT_OUT,
    "rows_used": "documents used",
    "empty_after_cleaning": "empty after cleaning",
    "duplicates.groups_of_duplicates": "groups of duplicates and near-duplicates",
    "duplicates.surplus_duplicates": "documents that are duplicates of another",
    "duplicates.groups_with_conflicting_labels": "groups whose documents have different labels",
    "straddling_groups": "groups of duplicates across two splits",
    "label_cardinality": "labels a document, on average",
    "tokens.max_length": "tokens of a window",
    "tokens.long_documents": "long documents",
    "tokens.documents_truncated": "documents that are cut",
    "tokens.share_of_tokens_read": "share of all tokens that is read",
    "windows.per_document": "windows a document, on average",
}
AT_RIGHT = ("", "n")
NOTES = {
    "rows_skipped": "{:,} rows were skipped; data_report.json lists them.",
    "duplicates.groups_with_conflicting_labels": "{:,} groups of duplicates have different labels: "
    "such labels can't all be right. data_report.json lists them.",
    "straddling_groups": "{:,} groups of duplicates lie across splits, as the split that was given "
    "has it: figures on them flatter the model.",
    "empty_after_cleaning": "{:,} documents have no text: the model can only guess their labels.",
}


def data_tables(report: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a data_report.json; what it lacks is left out."""
    known = {words: inside(report, key) for key, words in COUNTS.items()}
    counts = [(words, plain(value)) for words, value in known.items() if value is not None]
    splits = report.get("splits", {})
    by_split = [
        ("documents", *(part.get("documents", 0) for part in splits.values())),
        ("without a label", *(part.get("without_label", 0) for part in splits.values())),
    ]
    by_split += [
        (label, *(part.get("labels", {}).get(label, 0) for part in splits.values()))
        for label in report.get("label_names", [])
    ]
    cardinality = report.get("labels_per_document", {})
    documents = ("documents", *cardinality.values())
    quantiles = {name: inside(report, f"{name}.quantiles") or {} for name in ("tokens", "windows")}
    lengths = [(name, *map(plain, values.values())) for name, values in quantiles.items() if values]
    shares = [f"{float(share):.0%}" for share in quantiles["tokens"] or quantiles["windows"]]
    of_shares = dict.fromkeys(shares, AT_RIGHT)
    tables = [
        table_of("Documents", ("", "number"), counts, {"number": AT_RIGHT}),
        table_of("Splits", ("documents with", *splits), by_split),
        table_of("Labels a document", ("labels", *cardinality), [documents]),
        table_of("Length", ("share of documents with at most", *shares), lengths, of_shares),
    ]
    return [table for table in tables if table.rows and len(table.columns) > 1]


def inside(report: Mapping[str, Any], key: str) -> Any:
    """Return the value of a key such as ``a.b``; None if there is none."""
    value: Any = report
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def plain(value: Any) -> str:
    """Write a value: counts whole, shares with three digits."""
    if isinstance(value, float):
        is_whole = abs(value) >= 100 or (value.is_integer() and abs(value) > 1)
        return f"{value:,.0f}" if is_whole else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def data_notes(report: Mapping[str, Any]) -> list[str]:
    """Say what in the data flatters the model, or can't be learnt from."""
    counts = {words: inside(report, key) for key, words in NOTES.items()}
    found = [words.format(number) for words, number in counts.items() if number]
    training = inside(report, "splits.train") or {}
    labels = training.get("labels", {}) if training.get("documents") else {}
    absent = [label for label, documents in labels.items() if not documents]
    if absent:
        found.append(f"No training document has the label {listed(absent, 20)}.")
    return found


def command_of(environment: Mapping[str, Any] | None) -> str:
    """Return the command to type, with what a shell would take apart in quotes."""
    words = (environment or {}).get("command")
    return command_line("python", *words) if words else ""


def environment_table(environment: Mapping[str, Any]) -> Table:
    """Return name and value of everything in environment.json."""
    rows = [row for row in _flat(environment) if row[1]]
    return table_of("Environment", ("name", "value"), rows, {"value": ("", "words")})


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list):
            words = map(str, value)
            yield f"{prefix}{name}", command_line(*words) if name == "command" else ", ".join(words)
        elif value is not None:
            yield f"{prefix}{name}", str(value)
