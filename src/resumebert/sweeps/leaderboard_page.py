"""leaderboard.html: the leaderboard as one self-contained page."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from resumebert.charts import script, stylesheet
from resumebert.charts import sweeps as charts
from resumebert.charts.scales import in_order, value_words
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
from resumebert.sweeps.search_history import History, read_history
from resumebert.sweeps.status import PRUNED
from resumebert.utils.command_line import Value

# The columns shown at first, beside the monitored metric.
SHOWN = ("val/f1_micro", "val/f1_macro", "test/f1_micro", "test/f1_macro")
MOST_AXES = 9
MOST_IN_A_CELL = 5


@dataclass(frozen=True)
class Row:
    """A row of the table: a group of runs, or one of its runs."""

    name: str
    link: str | None
    unfinished: list[tuple[str, int]]
    is_best: bool
    settings: list[tuple[str, str]]
    metrics: list[tuple[str, str]]
    minutes: tuple[str, str]
    speed: tuple[str, str]
    members: "list[Row]"


def make_page(leaderboard: Leaderboard, folders: Sequence[Path], output: Path) -> str:
    """Return the page as HTML; its links are relative to the folder ``output``."""
    names = _metric_names(leaderboard)
    shown = [name for name in dict.fromkeys([leaderboard.monitor, *SHOWN]) if name in names]
    environment = Environment(
        loader=PackageLoader("resumebert.sweeps"), autoescape=True, undefined=StrictUndefined
    )
    search = next((found for folder in folders if (found := read_history(folder))), None)
    return environment.get_template("leaderboard.html").render(
        style=stylesheet(),
        script=Markup(script()),
        title=" + ".join(folder.resolve().name for folder in folders),
        counts=counts(leaderboard),
        leaderboard=leaderboard,
        best=None if leaderboard.best is None else _best(leaderboard, output),
        keys=leaderboard.keys,
        repeats=leaderboard.repeats,
        shown=shown,
        others=_by_kind([name for name in names if name not in shown]),
        rows=[_group_row(leaderboard, group, shown, output) for group in leaderboard.groups],
        figures=Markup(_figures(leaderboard)),
        effects=[(effect, _effect_chart(effect, leaderboard.monitor))
                 for effect in leaderboard.effects if leaderboard.monitor],
        parallel=_parallel(leaderboard),
        cost=_cost(leaderboard),
        search=None if search is None else _search(search),
        unfinished=_reasons([run for run in leaderboard.runs if run.state != PRUNED], output),
        pruned=_reasons([run for run in leaderboard.runs if run.state == PRUNED], output),
        common={key: value_words(value) for key, value in leaderboard.common.items()},
        figure=figure,
        breakable=_breakable,
    )  # fmt: skip


def _reasons(runs: Sequence[Run], output: Path) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return (state, reason, runs) for each reason; a run is its name and its link."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for run in runs:
        if run.reason is not None:
            alike = found.setdefault((run.state, run.reason), [])
            alike.append((run.folder.name, _link(run, output)))
    return [(state, reason, alike) for (state, reason), alike in found.items()]


def _breakable(name: str) -> Markup:
    return Markup(re.sub(r"([./])", r"\1<wbr>", str(escape(name))))


def _metric_names(leaderboard: Leaderboard) -> list[str]:
    return list(
        dict.fromkeys(name for run in leaderboard.runs if run.is_finished for name in run.metrics)
    )


def _by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    """Sort metrics by prefix, such as val, test and test/tuned."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(name.rpartition("/")[0], []).append(name)
    return kinds


def _best(leaderboard: Leaderboard, output: Path) -> dict[str, str]:
    assert leaderboard.best is not None
    assert leaderboard.monitor is not None
    test = leaderboard.monitor.replace("val/", "test/")
    baseline = f"test/baseline/{test.partition('/')[2]}"
    return {
        "settings": settings_words(leaderboard.best),
        "val": figure(leaderboard.best.spread(leaderboard.monitor)),
        "test": figure(leaderboard.best.spread(test)),
        "test_ends": _ends(leaderboard.best, test),
        "test_name": test,
        "baseline": figure(leaderboard.best.spread(baseline)),
        "baseline_ends": _ends(leaderboard.best, baseline),
        "baseline_name": baseline,
        "n": str(len(leaderboard.best.finished)),
        "link": _link(leaderboard.best.runs[0], output) if len(leaderboard.best.runs) == 1 else "",
        "name": leaderboard.best.runs[0].folder.name,
    }


def _ends(group: Group, metric: str) -> str:
    """Return the interval of a single run's metric; repeats show their spread instead."""
    ends = group.runs[0].intervals.get(metric) if len(group.runs) == 1 else None
    return "" if ends is None else f"95 % {ends[0]:.4f} to {ends[1]:.4f}"


def _group_row(leaderboard: Leaderboard, group: Group, shown: Sequence[str], output: Path) -> Row:
    is_single = len(group.runs) == 1
    first = group.runs[0]
    return Row(
        name=f"run {first.folder.name}" if is_single else f"{len(group.runs)} runs",
        link=_link(first, output) if is_single else None,
        unfinished=_unfinished(group.runs),
        is_best=group is leaderboard.best,
        settings=[_cell(value_words(value), value) for value in group.settings.values()]
        + [_cell(_values_words([run.setting(key) for run in group.runs]), None)
           for key in leaderboard.repeats],
        metrics=[_spread_cell(group.spread(name), 4) for name in shown],
        minutes=_spread_cell(group.minutes, 1),
        speed=_spread_cell(group.documents_per_second, 1),
        members=[]
        if is_single
        else [_run_row(leaderboard, run, shown, output) for run in group.runs],
    )  # fmt: skip


def _values_words(values: Sequence[Value]) -> str:
    """Write the distinct values, or how many there are."""
    words = [value_words(value) for value in in_order(list(dict.fromkeys(values)))]
    return ", ".join(words) if len(words) <= MOST_IN_A_CELL else f"{len(words)} values"


def _run_row(leaderboard: Leaderboard, run: Run, shown: Sequence[str], output: Path) -> Row:
    def cell(value: float | None, digits: int) -> tuple[str, str]:
        return _cell("–" if value is None else f"{value:.{digits}f}", value)

    return Row(
        name=f"run {run.folder.name}",
        link=_link(run, output),
        unfinished=_unfinished([run]),
        is_best=False,
        settings=[("", "")] * len(leaderboard.keys)
        + [_cell(value_words(run.setting(key)), run.setting(key)) for key in leaderboard.repeats],
        metrics=[cell(run.metrics.get(name), 4) for name in shown],
        minutes=cell(run.minutes, 1),
        speed=cell(run.documents_per_second, 1),
        members=[],
    )


def _unfinished(runs: Sequence[Run]) -> list[tuple[str, int]]:
    return Counter(run.state for run in runs if not run.is_finished).most_common()


def _cell(words: str, value: object) -> tuple[str, str]:
    """Return the text of a cell, and the value that it is sorted by."""
    return words, "" if value is None else str(value)


def _spread_cell(found: Spread | None, digits: int) -> tuple[str, str]:
    return figure(found, digits), "" if found is None else repr(found.mean)


def _figures(leaderboard: Leaderboard) -> str:
    """Return every metric of every row as JSON, for the columns that a reader can add."""
    names = _metric_names(leaderboard)
    content = []
    for group in leaderboard.groups:
        spreads = {name: group.spread(name) for name in names}
        group_values = {
            name: [round(found.mean, 6), None if found.sd is None else round(found.sd, 6)]
            for name, found in spreads.items()
            if found is not None
        }
        members = [] if len(group.runs) == 1 else [
            {name: [round(value, 6), None] for name, value in run.metrics.items()}
            for run in group.runs
        ]  # fmt: skip
        content.append([group_values, *members])
    # "</script>" in a name would end the script.
    return json.dumps(content).replace("<", "\\u003c")


def _parallel(leaderboard: Leaderboard) -> Markup | None:
    runs = [
        run for run in leaderboard.runs if run.is_finished and leaderboard.monitor in run.metrics
    ]
    if leaderboard.monitor is None or not leaderboard.keys or len(runs) < 2:
        return None
    best = [] if leaderboard.best is None else [id(run) for run in leaderboard.best.runs]
    stressed = {number for number, run in enumerate(runs) if id(run) in best}
    keys = leaderboard.keys[:MOST_AXES]
    settings = [[run.setting(key) for key in keys] for run in runs]
    values = [run.metrics[leaderboard.monitor] for run in runs]
    return charts.parallel_chart(settings, keys, leaderboard.monitor, values, stressed)


def _effect_chart(effect: Effect, metric: str) -> Markup:
    means = None if effect.is_continuous else [(word, found.mean) for word, found in effect.at]
    return charts.effect_chart(effect.key, metric, effect.points, means)


def _cost(leaderboard: Leaderboard) -> Markup | None:
    if leaderboard.monitor is None:
        return None
    points = [
        (minutes.mean, found.mean, f"{settings_words(group)}: {found.mean:.4f} in "
         f"{minutes.mean:.1f} minutes", group is leaderboard.best)
        for group in leaderboard.groups
        if (found := group.spread(leaderboard.monitor)) and (minutes := group.minutes)
    ]  # fmt: skip
    if len(points) < 2:
        return None
    return charts.scatter_chart(points, "minutes a run", leaderboard.monitor)


def _search(search: History) -> dict[str, object]:
    return {
        "words": search.words,
        "has_pruned": bool(search.pruned),
        "history": charts.history_chart(search.values, search.pruned, search.metric, search.mode)
        if search.values
        else None,
        "importances": charts.importance_chart(search.importances) if search.importances else None,
    }


def _link(run: Run, output: Path) -> str:
    """Return the link to a run's report, or to its folder if it has no report."""
    report = run.folder / "report.html"
    target = report if report.exists() else run.folder
    return quote(os.path.relpath(target, output.resolve())) + ("" if target == report else "/")
