"""Names of people by broad origin and gender: for the probe, and for the people of the sample."""

from importlib.resources import files

import yaml

GENDERS = ("female", "male", "neutral")
_TEXT = (files("resumebert.evaluation") / "names.yaml").read_text(encoding="utf-8")
# Origin → one of GENDERS, for first names, or "last" → names.
NAMES: dict[str, dict[str, list[str]]] = yaml.safe_load(_TEXT)
ORIGINS = tuple(NAMES)
