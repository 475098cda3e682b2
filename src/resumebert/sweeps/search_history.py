"""The history of a search, read from its study."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resumebert.utils.studies import JOURNAL, load_study

if TYPE_CHECKING:
    import optuna

# With fewer completed trials, importances are not computed.
FEWEST_TRIALS = 10


@dataclass(frozen=True)
class History:
    """The history of a search; ``importances`` are shares of the variance, the largest first."""

    words: str
    metric: str
    mode: str
    values: list[tuple[int, float]]
    pruned: list[tuple[int, float]]
    importances: list[tuple[str, float]]


def read_history(folder: Path) -> History | None:
    """Return the history of the search in a sweep's folder; None if there is no readable one."""
    if not (folder / JOURNAL).exists():
        return None
    try:
        import optuna
    except ImportError:
        return None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = load_study(folder / JOURNAL)
    trials = study.get_trials(deepcopy=False)
    states = [trial.state.name.lower() for trial in trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    # The value of a pruned trial is the last one that it reported.
    values, pruned = (
        [
            (trial.number, float(trial.value))
            for trial, state in zip(trials, states, strict=True)
            if state == kind and trial.value is not None
        ]
        for kind in ("complete", "pruned")
    )
    is_flat = len({value for _, value in values}) < 2
    return History(
        words=f"{len(trials)} trials: {counts}",
        metric=study.user_attrs.get("metric", "value"),
        mode="max" if study.direction.name == "MAXIMIZE" else "min",
        values=values,
        pruned=pruned,
        importances=[] if len(values) < FEWEST_TRIALS or is_flat else _importances(study),
    )


def _importances(study: "optuna.Study") -> list[tuple[str, float]]:
    """Return each key's share of the variance, by fANOVA (Hutter et al. 2014)."""
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        # It warns that it is experimental, and that it is slow.
        warnings.simplefilter("ignore")
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return list(found.items())
