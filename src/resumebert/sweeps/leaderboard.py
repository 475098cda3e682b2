"""leaderboard.csv and leaderboard.html: ``python -m resumebert.sweeps.leaderboard DIR…``.

A sweep writes them itself. The command makes one leaderboard of any runs and sweeps; it writes into
the first folder, or into that of ``--output``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from resumebert.sweeps.leaderboard_page import make_page
from resumebert.sweeps.ranking import Leaderboard, make_leaderboard, summary
from resumebert.sweeps.runs import find_runs
from resumebert.utils.durable_files import in_utf8, write_csv, write_text
from resumebert.utils.errors import UserError, report_user_errors
from resumebert.utils.streams import steady_streams


def write_leaderboard(folders: Sequence[Path], output: Path | None = None) -> Leaderboard | None:
    """Write ``leaderboard.csv`` and ``leaderboard.html`` of the runs in some folders.

    Args:
        folders: folders of runs or sweeps, or folders that hold these.
        output: the folder to write to; None: the first of ``folders``.

    Returns:
        The leaderboard. If there is no run, None, and nothing is written.
    """
    runs = find_runs(folders)
    if not runs:
        return None
    leaderboard = make_leaderboard(runs)
    output = folders[0] if output is None else output
    write_csv(output / "leaderboard.csv", to_frame(leaderboard))
    write_text(output / "leaderboard.html", make_page(leaderboard, folders, output))
    return leaderboard


def to_frame(leaderboard: Leaderboard) -> pd.DataFrame:
    """Return a row for each run, the best group first, with settings, metrics, cost and state."""
    rows = []
    for group in leaderboard.groups:
        name = f"group {leaderboard.monitor}"
        found = None if leaderboard.monitor is None else group.spread(leaderboard.monitor)
        figures = {} if found is None else {
            f"{name} mean": found.mean, f"{name} sd": found.sd, f"{name} n": found.n
        }  # fmt: skip
        rows += [
            {
                "run": run.folder.name,
                "state": run.state,
                "group": group.number,
                "best": group is leaderboard.best,
                **{key: run.setting(key) for key in (*leaderboard.keys, *leaderboard.repeats)},
                **figures,
                "minutes": run.minutes,
                "documents_per_second": run.documents_per_second,
                **run.metrics,
                "reason": run.reason,
                "folder": str(run.folder),
            }
            for run in group.runs
        ]
    return pd.DataFrame(
        [{k: in_utf8(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
    )


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
