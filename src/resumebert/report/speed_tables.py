"""throughput.json, and what the time of a run went into, as tables."""

from collections.abc import Mapping
from typing import Any

from resumebert.report.table import Table, table_of

# key of throughput.json → words, and how the figure is written.
RATES = {
    "documents_per_second": ("documents a second", "{:,.1f}"),
    "tokens_per_second": ("tokens a second, without padding", "{:,.0f}"),
    "real_token_share": ("tokens that are no padding", "{:.1%}"),
    "waiting_share": ("time spent waiting for data", "{:.1%}"),
    "flops_utilisation": ("model FLOPs utilisation (MFU) of the peak", "{:.1%}"),
    "peak_flops_per_second": ("peak, measured before, operations a second", "{:.3g}"),
}


def speed_tables(throughput: Mapping[str, Any], phases: Mapping[str, float]) -> list[Table]:
    """Return the tables that there are figures for.

    Args:
        throughput: the content of throughput.json; empty: nothing was trained.
        phases: seconds of the parts of the command so far.
    """
    rates = [
        (words, form.format(throughput[key]))
        for key, (words, form) in RATES.items()
        if isinstance(throughput.get(key), float)
    ]
    shares = {
        "The time of a training step": throughput.get("seconds", {}),
        "The time of the run before this report was written": phases,
    }
    tables = [table_of("Training steps", ("", "figure"), rates)] if rates else []
    for title, seconds in shares.items():
        total = sum(seconds.values())
        rows = [(part, f"{took:,.1f} s", f"{took / total:.0%}") for part, took in seconds.items()]
        if total > 0:
            tables.append(table_of(title, ("", "time", "share"), rows))
    return tables
