"""The ratios as a page with a picture for each kind of work."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from benchmarks.peers.timing import Row
from resumebert.charts import stylesheet, svg
from resumebert.charts.svg import Axes

_LETTER = 6.1
_STYLE = """
main { max-width: 62rem; margin: 0 auto; padding: 1rem; overflow-x: auto }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.9rem }
th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; border-bottom: 1px solid #8884 }
"""


def picture(rows: Sequence[Row]) -> Markup:
    """Draw how many times as fast as each peer resumebert is, on a logarithmic scale."""
    names = [f"{row.peer} · {row.workload} · {row.ours}" for row in rows]
    top = math.ceil(math.log2(max(max(row.ratios) for row in rows)) + 0.2)
    bottom = min(0.0, math.floor(math.log2(min(min(row.ratios) for row in rows))))
    ticks = [(float(power), f"{2.0**power:g}×") for power in range(int(bottom), top + 1)]
    axes = Axes(
        "resumebert is so many times as fast", "", (bottom, float(top)), (0.4 - len(rows), 0.6),
        x_ticks=ticks, y_ticks=[(-float(place), name) for place, name in enumerate(names)],
        width=960, height=24.0 * len(rows) + 46, bottom=36, right=22,
        left=round(14 + _LETTER * max(map(len, names))),
    )  # fmt: skip
    parts = [svg.rule(axes, 0.0, "chosen")]
    for place, row in enumerate(rows):
        low, middle, high = map(math.log2, (min(row.ratios), row.ratio, max(row.ratios)))
        parts.append(svg.segment(axes, (low, -place), (high, -place), "whisker model"))
        parts.append(svg.point(axes, middle, -place, "model", str(row), 4.0))
    described = "; ".join(f"{name}: {row.ratio:.2f}" for name, row in zip(names, rows, strict=True))
    return svg.picture(axes, described, parts, "forest")


def page(found: Mapping[str, Sequence[Row]], said: Mapping[str, Any]) -> str:
    """Return the HTML page of all pictures and figures."""
    machine = said["machine"]
    parts = [
        f"<p>{machine['threads']} threads, {', '.join(machine['features'])}; precision "
        f"{said['precision']}; PyTorch {machine['torch']}; {said['documents']} documents, "
        f"{said['turns']} turns. A dot is the "
        "median, a line reaches from the smallest ratio to the largest.</p>"
    ]
    for kind, rows in found.items():
        if rows:
            parts += [f"<h2>{kind.capitalize()}</h2>", str(picture(rows)), _table(rows)]
    parts += [
        f"<p>Not measured: {html.escape(peer)} ({html.escape(why)}).</p>"
        for peer, why in said["not_measured"].items()
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>resumebert and others'
        f"</title><style>{stylesheet()}{_STYLE}</style></head><body><main>"
        f"<h1>resumebert and others</h1>{''.join(parts)}</main></body></html>\n"
    )


def _table(rows: Sequence[Row]) -> str:
    names = ("workload", "peer", "its documents/s", "ours", "times as fast", "same decisions")
    head = "<tr>" + "".join(f"<th>{name}" for name in names)
    lines = [
        f"<tr><td>{html.escape(row.workload)}<td>{html.escape(row.peer)}<td>{row.rate:.2f}"
        f"<td>{html.escape(row.ours)}<td>{row.ratio:.2f} [{min(row.ratios):.2f}, "
        f"{max(row.ratios):.2f}]<td>{'' if row.agreement is None else f'{row.agreement:.2%}'}"
        for row in rows
    ]
    return f"<table>{head}{''.join(lines)}</table>"
