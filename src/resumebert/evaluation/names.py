"""Names of people by broad origin and gender, in ``names.yaml``: for the probe, and the sample."""

from functools import cache
from importlib.resources import files

import yaml

GENDERS = ("female", "male", "neutral")


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    text = (files("resumebert.evaluation") / "names.yaml").read_text(encoding="utf-8")
    names: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return names


ORIGINS = tuple(_names())


def first_names(origin: str, gender: str) -> tuple[str, ...]:
    """Return the first names of an origin (of ``ORIGINS``) and a gender (of ``GENDERS``)."""
    return tuple(_names()[origin][gender])


def last_names(origin: str) -> tuple[str, ...]:
    """Return the last names of an origin."""
    return tuple(_names()[origin]["last"])
