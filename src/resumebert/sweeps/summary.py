"""What a sweep came to, in words: for the end of the command and the top of the page."""

from pathlib import Path

from resumebert.charts.scales import value_words
from resumebert.sweeps.board import Board, Group, Spread


def summary(board: Board, folder: Path) -> str:
    """Return some lines: how many runs, the best, which failed and why, where the table lies."""
    lines = [f"sweep: {counts(board)}", *([best_words(board)] if board.best else [])]
    by_reason: dict[str, list[str]] = {}
    for run in board.failed:
        by_reason.setdefault(run.reason or "unknown", []).append(run.folder.name)
    for reason, names in by_reason.items():
        lines.append(f"failed: run {', '.join(names)}: {reason}")
    return "\n".join([*lines, f"leaderboard: {folder / 'leaderboard.html'}"])


def counts(board: Board) -> str:
    """Return such as ``24 runs: 22 finished, 1 failed, 1 pruned``."""
    total = len(board.runs)
    states = ", ".join(f"{count} {state}" for state, count in board.states.most_common())
    return f"{total} run{'' if total == 1 else 's'}: {states}"


def best_words(board: Board) -> str:
    """Return the best group's settings and figures, validation first."""
    assert board.best is not None
    assert board.monitor is not None
    test = board.monitor.replace("val/", "test/")
    words = (
        f"best on validation: {settings_words(board.best)}  "
        f"{board.monitor} {figure(board.best.spread(board.monitor))}"
    )
    on_test = board.best.spread(test)
    return words + (f", {test} {figure(on_test)}" if on_test else "")


def settings_words(group: Group) -> str:
    """Return a group's settings as on a command line."""
    words = " ".join(f"{key}={value_words(value)}" for key, value in group.settings.items())
    return words or f"run {group.runs[0].folder.name}"


def figure(found: Spread | None, digits: int = 4) -> str:
    """Write a mean, and the spread where there are repeats."""
    if found is None:
        return "–"
    words = f"{found.mean:.{digits}f}"
    return words if found.sd is None else f"{words} ± {found.sd:.{digits}f}"
