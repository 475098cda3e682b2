"""The word banks: YAML files in ``banks/``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tools.make_sample.label_sets import LABELS

_FOLDER = Path(__file__).with_name("banks")


@dataclass(frozen=True)
class Role:
    """The word bank of one kind of job.

    Attributes:
        label: the label a résumé with such a job gets, or "" for a job outside the ten labels.
        exact: the job's own name and its spellings.
        titles: synonyms and narrower names, which still tell the job.
        vague: titles that do not tell it.
        skills: tools and skills.
        duties: templates that start with a verb in the past tense.
        focus: noun phrases for "experience in …".
        certificates: fitting certificates.
        slots: values of the templates' own slots.
    """

    label: str
    exact: tuple[str, ...]
    titles: tuple[str, ...]
    skills: tuple[str, ...]
    duties: tuple[str, ...]
    focus: tuple[str, ...]
    vague: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_bank(name: str) -> Any:
    """Return what ``banks/<name>.yaml`` holds, its lists as tuples."""
    return _with_tuples(yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))


def _with_tuples(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _with_tuples(value) for name, value in content.items()}
    return tuple(map(_with_tuples, content)) if isinstance(content, list) else content


ROLES = {label: Role(label, **read_bank(label)) for label in LABELS}
IT_NEIGHBOURS = tuple(Role("", **role) for role in read_bank("it_neighbours"))
OTHER_TRADES = tuple(Role("", **role) for role in read_bank("other_trades"))
# Words that all jobs share.
COMMON: dict[str, Any] = read_bank("common")
