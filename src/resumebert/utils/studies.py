"""The study of a search: a journal file that any number of processes can write to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import optuna

# The journal's name in the sweep's folder.
JOURNAL = "study.log"
NAME = "search"


def load_study(journal: Path, pruner: Any = None) -> "optuna.Study":
    """Load the study of a journal."""
    import optuna

    return optuna.load_study(study_name=NAME, storage=_storage(journal), pruner=pruner)


def begin_study(journal: Path, mode: Literal["max", "min"]) -> "optuna.Study":
    """Load the study of a journal, or create it if there is none."""
    import optuna

    return optuna.create_study(
        study_name=NAME,
        storage=_storage(journal),
        direction="maximize" if mode == "max" else "minimize",
        load_if_exists=True,
    )


def _storage(journal: Path) -> "optuna.storages.JournalStorage":
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(journal)))
