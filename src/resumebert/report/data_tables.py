"""data_report.json and environment.json as rows of a page, and the former on the screen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from resumebert.report.inputs import ReportInput
from resumebert.utils.command_line import command_line

# Of a longer list, the most frequent: the report has them all.
MAX_LABELS = 25
# key of data_report.json → words; "a.b" is b inside a.
COUNTS = (
    ("rows_read", "rows read"),
    ("rows_left_out_by_limit", "left out by data.limit"),
    ("rows_skipped", "skipped as unreadable"),
    ("dropped_unlabelled", "dropped without a label"),
    ("rows_united", "united with others of the same text"),
    ("dropped_duplicates", "dropped as duplicates"),
    ("rows_used", "documents used"),
    ("unused_documents", "in no split"),
    ("empty_after_cleaning", "empty after cleaning"),
    ("duplicates.groups_of_duplicates", "groups of duplicates and near-duplicates"),
    ("duplicates.surplus_duplicates", "documents that are duplicates of another"),
    ("duplicates.groups_with_conflicting_labels", "groups whose documents have different labels"),
    ("straddling_groups", "groups of duplicates across two splits"),
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


def describe_data(console: Console, report: Mapping[str, Any]) -> None:
    """Print a :func:`resumebert.data.report.data_report`: what is wrong with the data comes first.

    Then rows, duplicates and tokens; labels by split; what was understood of the source.
    """
    print_warnings(console, report)
    console.print(_documents(report))
    console.print(_labels(report))
    for note in report["understood"]:
        console.print(f"Note: {note}", highlight=False, soft_wrap=True, markup=False)
    for warning in _warnings(report):
        console.print(warning, style="yellow", highlight=False, soft_wrap=True, markup=False)


def print_warnings(console: Console, report: Mapping[str, Any]) -> None:
    """Print what is probably wrong with the data of a report."""
    for warning in report["warnings"]:
        console.print(warning, style="bold yellow", highlight=False, soft_wrap=True, markup=False)


def _documents(report: Mapping[str, Any]) -> Table:
    table = Table(
        title=f"data: {report['source']}",
        show_header=False,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
    )
    table.add_column("what", no_wrap=True)
    table.add_column("figure")
    table.add_row("rows", _rows(report))
    duplicates = report["duplicates"]
    table.add_row(
        "duplicates",
        f"{duplicates['groups_of_duplicates']:,} groups with "
        f"{duplicates['surplus_duplicates']:,} surplus documents, "
        f"{report['straddling_groups']} across splits",
    )
    tokens = report["tokens"]
    quantiles = tokens["quantiles"]
    if tokens["total"]:
        table.add_row(
            "tokens",
            f"{tokens['total']:,}; a document: median {quantiles['0.5']:,.0f}, 5 % to 95 % "
            f"{quantiles['0.05']:,.0f} to {quantiles['0.95']:,.0f}, longest {quantiles['1']:,.0f}",
        )
        table.add_row("the model reads", _reading(report))
    return table


def _reading(report: Mapping[str, Any]) -> str:
    tokens, windows = report["tokens"], report["windows"]
    text = f"{tokens['share_of_tokens_read']:.1%} of them, with data.long_documents="
    text += f"{tokens['long_documents']} and data.max_length={tokens['max_length']}"
    if tokens["documents_truncated"]:
        return f"{text}; {tokens['share_of_documents_truncated']:.1%} of the documents are cut"
    return (
        f"{text}: {windows['per_document']:.1f} windows a document, "
        f"at most {windows['quantiles']['1']:,.0f}"
    )


def _rows(report: Mapping[str, Any]) -> str:
    left_out = {
        "skipped": report["rows_skipped"],
        "dropped without label": report["dropped_unlabelled"],
        "united with others": report["rows_united"],
        "left out by data.limit": report["rows_left_out_by_limit"],
        "dropped as duplicates": report["dropped_duplicates"],
        "in no split": report["unused_documents"],
    }
    return ", ".join(
        [f"{report['rows_read']:,} read, {report['rows_used']:,} used"]
        + [f"{count:,} {why}" for why, count in left_out.items() if count]
    )


def _labels(report: Mapping[str, Any]) -> Table:
    splits = {name: part for name, part in report["splits"].items() if part["documents"]}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    table.add_column("label")
    for name in splits:
        table.add_column(name, justify="right")
        table.add_column("", justify="right")
    table.add_column("most often with")
    in_all = {
        label: sum(part["labels"][label] for part in splits.values())
        for label in report["label_names"]
    }
    shown = report["label_names"]
    if len(shown) > MAX_LABELS:
        shown = sorted(shown, key=lambda label: -in_all[label])[:MAX_LABELS]
    for label in shown:
        companions = report["label_cooccurrence"][label]
        other = next(iter(companions), None)
        table.add_row(
            label,
            *_counts(splits, lambda part, label=label: part["labels"][label]),
            "–" if other is None else f"{other} ({companions[other]:,})",
        )
    if len(shown) < len(report["label_names"]):
        table.add_row(f"… {len(report['label_names']) - len(shown)} more, in data_report.json")
    table.add_row("no label", *_counts(splits, lambda part: part["without_label"]), "", style="dim")
    cardinality = report["label_cardinality"]
    labels_each = "" if cardinality is None else f"{cardinality:.2f} labels a document"
    totals = [text for part in splits.values() for text in (f"{part['documents']:,}", "")]
    table.add_row("documents", *totals, labels_each, style="bold")
    return table


def _counts(splits: Mapping[str, Any], count: Any) -> list[str]:
    """Return for each split a number of documents and its share."""
    return [
        text
        for part in splits.values()
        for text in (f"{count(part):,}", f"{count(part) / part['documents']:.1%}")
    ]


def _warnings(report: Mapping[str, Any]) -> list[str]:
    found = []
    if report["rows_skipped"]:
        found.append(f"{report['rows_skipped']:,} rows were skipped; data_report.json lists them.")
    conflicting = report["duplicates"]["groups_with_conflicting_labels"]
    if conflicting:
        found.append(
            f"{conflicting:,} groups of duplicates have different labels: such labels "
            "can't all be right. data_report.json lists them."
        )
    if report["straddling_groups"]:
        found.append(
            f"{report['straddling_groups']:,} groups of duplicates lie across splits, as the split "
            "that was given has it: figures on them flatter the model."
        )
    if report["empty_after_cleaning"]:
        found.append(
            f"{report['empty_after_cleaning']:,} documents have no text: the model can only guess "
            "their labels."
        )
    absent = [
        label
        for label in report["label_names"]
        if report["splits"]["train"]["documents"] and not report["splits"]["train"]["labels"][label]
    ]
    if absent:
        found.append(f"No training document has the label {', '.join(absent[:20])}.")
    return found
