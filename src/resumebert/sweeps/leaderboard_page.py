"""leaderboard.html: the leaderboard as one self-contained page."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from resumebert.charts import script, stylesheet, template
from resumebert.charts import sweeps as charts
from resumebert.charts.scales import in_order, value_words
from resumebert.evaluation.registry import is_built_in
from resumebert.sweeps.ranking import (
    Effect,
    Group,
    Leaderboard,
    Spread,
    counts,
    figure,
    settings_words,
)
from resumebert.sweeps.runs import Run
from resumebert.sweeps.search_history import read_history
from resumebert.sweeps.status import PRUNED
from resumebert.utils.command_line import Value

# The columns shown at first, beside the monitored metric and metrics of one's own.
SHOWN = ("val/f1_micro", "val/f1_macro", "test/f1_micro", "test/f1_macro")
MOST_AXES = 9
MOST_IN_A_CELL = 5
# The text of a cell, and the value that it is sorted by.
Cell = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """A row of the table: a group of runs, or one of its runs."""

    name: str
    link: str
    unfinished: list[tuple[str, int]]
    is_best: bool
    cells: list[Cell]
    members: "list[Row]"


def make_page(leaderboard: Leaderboard, folders: Sequence[Path], output: Path) -> str:
    """Return the page as HTML; its links are relative to the folder ``output``."""
    finished = [run for run in leaderboard.runs if run.is_finished]
    names = list(dict.fromkeys(name for run in finished for name in run.metrics))
    own = [name for name in names if name.count("/") == 1 and not is_built_in(name.split("/")[1])]
    shown = [name for name in dict.fromkeys([leaderboard.monitor, *SHOWN, *own]) if name in names]
    others: dict[str, list[str]] = {}
    for name in names:
        if name not in shown:
            others.setdefault(name.rpartition("/")[0], []).append(name)
    return template("resumebert.sweeps", "leaderboard.html").render(
        style=stylesheet(),
        script=Markup(script()),
        title=" + ".join(folder.resolve().name for folder in folders),
        counts=counts(leaderboard),
        leaderboard=leaderboard,
        best=_best(leaderboard, output),
        headings=_headings(leaderboard, shown),
        rows=[_row(leaderboard, group, shown, output) for group in leaderboard.groups],
        others=others,
        figures=Markup(_figures(leaderboard, names)),
        unfinished=_reasons([r for r in leaderboard.runs if r.state != PRUNED], output),
        pruned=_reasons([r for r in leaderboard.runs if r.state == PRUNED], output),
        search=next((found for folder in folders if (found := read_history(folder))), None),
        effects=[(each, _effect_chart(each, leaderboard.monitor)) for each in leaderboard.effects],
        parallel=_parallel(leaderboard),
        cost=_cost(leaderboard),
        charts=charts,
        value_words=value_words,
        breakable=_breakable,
    )


def _breakable(name: str) -> Markup:
    return Markup(re.sub(r"([./])", r"\1<wbr>", str(escape(name))))


def _link(run: Run, output: Path) -> str:
    """Return the link to a run's report, or to its folder if it has no report."""
    report = run.folder / "report.html"
    target = report if report.exists() else run.folder
    return quote(os.path.relpath(target, output.resolve())) + ("" if target == report else "/")


def _reasons(runs: Sequence[Run], output: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return state and reason → name and link of each run that did not finish for it."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for run in runs:
        if run.reason is not None:
            alike = found.setdefault((run.state, run.reason), [])
            alike.append((run.folder.name, _link(run, output)))
    return found


def _best(leaderboard: Leaderboard, output: Path) -> dict[str, Any] | None:
    """Return the best group's settings and its figures on validation and test."""
    best, monitor = leaderboard.best, leaderboard.monitor
    if best is None or monitor is None:
        return None
    test = monitor.replace("val/", "test/")
    baseline = f"test/baseline/{test.partition('/')[2]}"
    titles = {monitor: monitor, test: test, baseline: f"{baseline}, the linear model"}
    # A single run's test figures have intervals; repeats show their spread instead.
    is_single = len(best.runs) == 1
    ends = {name: best.runs[0].intervals.get(name) for name in (test, baseline) if is_single}
    return {
        "settings": settings_words(best),
        "runs": len(best.finished),
        "link": _link(best.runs[0], output) if is_single else "",
        "name": best.runs[0].folder.name,
        "figures": [
            (title, figure(found), ends.get(name))
            for name, title in titles.items()
            if (found := best.spread(name))
        ],
    }


def _headings(leaderboard: Leaderboard, shown: Sequence[str]) -> list[tuple[str, str]]:
    """Return the name and the CSS class of each column but the first."""
    others = [(name, "" if place else "first-metric") for place, name in enumerate(shown[1:])]
    return [
        *((name, "chosen") for name in shown[:1]),
        *((key, "") for key in [*leaderboard.keys, *leaderboard.repeats]),
        *others,
        ("minutes", "cost first-metric"),
        ("documents/s", ""),
    ]


def _row(leaderboard: Leaderboard, group: Group, shown: Sequence[str], output: Path) -> Row:
    """Return the row of a group, with the rows of its runs if it has several."""
    first, members = group.runs[0], _members(group)
    metrics = [_spread_cell(group.spread(name), 4) for name in shown]
    values = [[value] for value in group.settings.values()]
    values += [[run.setting(key) for run in group.runs] for key in leaderboard.repeats]
    return Row(
        name=f"{len(members)} runs" if members else f"run {first.folder.name}",
        link="" if members else _link(first, output),
        unfinished=Counter(r.state for r in group.runs if not r.is_finished).most_common(),
        is_best=group is leaderboard.best,
        cells=[
            *metrics[:1],
            *map(_settings_cell, values),
            *metrics[1:],
            _spread_cell(group.minutes, 1),
            _spread_cell(group.documents_per_second, 1),
        ],
        members=[_row(leaderboard, member, shown, output) for member in members],
    )


def _members(group: Group) -> list[Group]:
    """Return each run of a group of several as a group, whose settings are not told again."""
    if len(group.runs) == 1:
        return []
    return [Group(group.number, dict.fromkeys(group.settings, ""), [run]) for run in group.runs]


def _settings_cell(values: Sequence[Value]) -> Cell:
    """Write the distinct values, or how many there are."""
    words = [value_words(value) for value in in_order(values)]
    shown = ", ".join(words) if len(words) <= MOST_IN_A_CELL else f"{len(words)} values"
    return shown, "" if len(values) > 1 or values[0] is None else str(values[0])


def _spread_cell(found: Spread | None, digits: int) -> Cell:
    return figure(found, digits), "" if found is None else repr(found.mean)


def _figures(leaderboard: Leaderboard, names: Sequence[str]) -> str:
    """Return every metric of every row as JSON, for the columns that a reader can add."""
    content = [
        [
            {
                name: [round(found.mean, 6), found.sd and round(found.sd, 6)]
                for name in names
                if (found := row.spread(name))
            }
            for row in (group, *_members(group))
        ]
        for group in leaderboard.groups
    ]
    # "</script>" in a name would end the script.
    return json.dumps(content).replace("<", "\\u003c")


def _effect_chart(effect: Effect, metric: str | None) -> Markup:
    means = None if effect.is_continuous else [(word, found.mean) for word, found in effect.at]
    return charts.effect_chart(effect.key, metric or "", effect.points, means)


def _parallel(leaderboard: Leaderboard) -> Markup | None:
    monitor, keys = leaderboard.monitor, leaderboard.keys[:MOST_AXES]
    runs = [run for run in leaderboard.runs if run.is_finished and monitor in run.metrics]
    if monitor is None or not keys or len(runs) < 2:
        return None
    best = [] if leaderboard.best is None else [id(run) for run in leaderboard.best.runs]
    stressed = {number for number, run in enumerate(runs) if id(run) in best}
    settings = [[run.setting(key) for key in keys] for run in runs]
    values = [run.metrics[monitor] for run in runs]
    return charts.parallel_chart(settings, keys, monitor, values, stressed)


def _cost(leaderboard: Leaderboard) -> Markup | None:
    if leaderboard.monitor is None:
        return None
    points = []
    for group in leaderboard.groups:
        found, minutes = group.spread(leaderboard.monitor), group.minutes
        if found and minutes:
            told = f"{settings_words(group)}: {found.mean:.4f} in {minutes.mean:.1f} minutes"
            points.append((minutes.mean, found.mean, told, group is leaderboard.best))
    if len(points) < 2:
        return None
    return charts.scatter_chart(points, "minutes a run", leaderboard.monitor)
