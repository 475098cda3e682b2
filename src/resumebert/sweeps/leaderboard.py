"""leaderboard.csv and leaderboard.html: ``python -m resumebert.sweeps.leaderboard DIR…``.

A sweep writes them itself. The command makes one leaderboard of any runs and sweeps; it writes into
the first folder, or into that of ``--output``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resumebert.sweeps.leaderboard_page import make_page
from resumebert.sweeps.ranking import Group, Leaderboard, make_leaderboard, summary
from resumebert.sweeps.runs import Run, find_runs
from resumebert.utils.durable_files import in_utf8, write_csv, write_text
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.streams import steady_streams


def write_leaderboard(folders: Sequence[Path], output: Path | None = None) -> Leaderboard | None:
    """Write the leaderboard of runs, by default into the first folder; None: there is no run."""
    runs = find_runs(folders)
    if not runs:
        return None
    leaderboard = make_leaderboard(runs)
    output = folders[0] if output is None else output
    rows = [_row(leaderboard, group, run) for group in leaderboard.groups for run in group.runs]
    write_csv(output / "leaderboard.csv", pd.DataFrame(rows))
    write_text(output / "leaderboard.html", make_page(leaderboard, folders, output))
    return leaderboard


def _row(leaderboard: Leaderboard, group: Group, run: Run) -> dict[str, Any]:
    """Return a run's settings, metrics, cost and state, and the figures of its group."""
    row: dict[str, Any] = {
        "run": run.folder.name,
        "state": run.state,
        "group": group.number,
        "best": group is leaderboard.best,
        **{key: run.setting(key) for key in (*leaderboard.keys, *leaderboard.repeats)},
    }
    if found := group.spread(leaderboard.monitor):
        name = f"group {leaderboard.monitor}"
        row |= {f"{name} mean": found.mean, f"{name} sd": found.sd, f"{name} n": found.n}
    row |= {
        "minutes": run.minutes,
        "documents_per_second": run.documents_per_second,
        **run.metrics,
        "reason": run.reason,
        "folder": str(run.folder),
    }
    return {key: in_utf8(value) if isinstance(value, str) else value for key, value in row.items()}


@report_user_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Make a leaderboard of the folders on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m resumebert.sweeps.leaderboard",
        description="Make leaderboard.csv and leaderboard.html of any runs and sweeps.",
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="runs or sweeps")
    parser.add_argument("--output", type=Path, help="where to write; the first DIR if not given")
    given = parser.parse_args(arguments)
    for folder in given.folders:
        if not folder.is_dir():
            raise UserError(
                f"{folder}: there is no such folder. Give folders of runs or of sweeps."
            )
    output = given.output or given.folders[0]
    output.mkdir(parents=True, exist_ok=True)
    leaderboard = write_leaderboard(given.folders, output)
    if leaderboard is None:
        raise UserError(
            f"{', '.join(map(str, given.folders))}: no run found (a run has .hydra/overrides.yaml)."
            " Give folders of runs or of sweeps, such as outputs/sweeps/DATE_TIME."
        )
    print(summary(leaderboard, output))


if __name__ == "__main__":
    with steady_streams():
        main()
