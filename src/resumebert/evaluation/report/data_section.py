"""data_report.json and environment.json as rows for a reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resumebert.evaluation.report.content import ReportInput
from resumebert.utils.settings import command_line

# key of data_report.json → words; "a.b" is b inside a.
COUNTS = (
    ("rows_read", "rows read"),
    ("rows_left_out_by_limit", "left out by data.limit"),
    ("rows_skipped", "skipped as unreadable"),
    ("dropped_unlabelled", "dropped without a label"),
    ("rows_united", "united with others of the same text"),
    ("dropped_duplicates", "dropped as copies"),
    ("rows_used", "documents used"),
    ("unused_documents", "in no split"),
    ("empty_after_cleaning", "empty after cleaning"),
    ("duplicates.groups_of_duplicates", "groups of near-copies"),
    ("duplicates.surplus_duplicates", "documents that are copies of another"),
    ("duplicates.groups_with_conflicting_labels", "groups whose copies have different labels"),
    ("straddling_groups", "groups of copies across two splits"),
    ("label_cardinality", "labels a document, on average"),
    ("tokens.max_length", "tokens of a window"),
    ("tokens.long_documents", "long documents"),
    ("tokens.documents_truncated", "documents that are cut"),
    ("tokens.share_of_tokens_read", "share of all tokens that is read"),
    ("windows.per_document", "windows a document, on average"),
)


@dataclass(frozen=True)
class DataTables:
    """What the page shows of the data."""

    source: str
    counts: list[tuple[str, str]]
    notes: list[str]
    splits: list[str]
    split_rows: list[tuple[str, list[int]]]
    quantiles: list[tuple[str, list[str]]]
    quantile_names: list[str]
    cardinality: list[tuple[str, int]]


def data_tables(report: Mapping[str, Any]) -> DataTables:
    """Return the tables of a data_report.json; what it lacks is left out."""
    splits: Mapping[str, Any] = report.get("splits", {})
    names = list(report.get("label_names", []))
    rows = [
        ("documents", [int(part.get("documents", 0)) for part in splits.values()]),
        ("without a label", [int(part.get("without_label", 0)) for part in splits.values()]),
    ]
    rows += [
        (name, [int(part.get("labels", {}).get(name, 0)) for part in splits.values()])
        for name in names
    ]
    quantiles = [
        (words, _inside(report, f"{key}.quantiles"))
        for key, words in (("tokens", "tokens"), ("windows", "windows"))
    ]
    known = [(words, values) for words, values in quantiles if values]
    return DataTables(
        source=str(report.get("source", "")),
        counts=[
            (words, _plain(value))
            for key, words in COUNTS
            if (value := _inside(report, key)) is not None
        ],
        notes=[str(note) for key in ("understood", "warnings") for note in report.get(key, [])],
        splits=list(splits),
        split_rows=rows if splits else [],
        quantiles=[(words, [_plain(v) for v in values.values()]) for words, values in known],
        quantile_names=[f"{float(q):.0%}" for q in known[0][1]] if known else [],
        cardinality=[(k, int(v)) for k, v in report.get("labels_per_document", {}).items()],
    )


def _inside(report: Mapping[str, Any], key: str) -> Any:
    value: Any = report
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _plain(value: Any) -> str:
    if isinstance(value, float):
        is_whole = abs(value) >= 100 or (value.is_integer() and abs(value) > 1)
        return f"{value:,.0f}" if is_whole else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def command_of(report: ReportInput) -> str:
    """Return the command to type, with what a shell would take apart in quotes."""
    if report.command:
        return report.command
    words = (report.environment or {}).get("command")
    return command_line("python", *words) if words else ""


def environment_rows(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return name and value of everything in environment.json."""
    return [(name, value) for name, value in _flat(environment) if value]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        elif name == "command" and isinstance(value, list):
            yield f"{prefix}{name}", command_line(*map(str, value))
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        elif value is not None:
            yield f"{prefix}{name}", str(value)
