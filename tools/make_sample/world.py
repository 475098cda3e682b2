"""The world the résumés live in: industries, invented companies, places, schools and dates."""

from random import Random

from tools.make_sample.banks import read_bank

_WORLD = read_bank("world")
INDUSTRIES = tuple(_WORLD["industries"])
CITIES, EUROPEAN_CITIES = _WORLD["cities"], _WORLD["european_cities"]
DATE_FORMS = ("long", "short", "slash", "iso", "year", "dotted", "apostrophe")


def systems(industry: str) -> tuple[str, ...]:
    """Return the systems of an industry."""
    return _WORLD["industries"][industry]["systems"]


def served(industry: str) -> tuple[str, ...]:
    """Return the people that jobs in an industry serve."""
    return _WORLD["industries"][industry]["served"]


def company(industry: str, rng: Random) -> str:
    """Invent a company."""
    stem = _invented_name(rng)
    kind = rng.choice(_WORLD["industries"][industry]["company_kinds"])
    suffix = rng.choice(("", "", "", "", " Inc", " Inc.", " LLC", " Corp", " Ltd", " Group"))
    return f"{stem} {kind}{suffix}"


def _invented_name(rng: Random) -> str:
    return str(rng.choice(_WORLD["stems"]) + rng.choice(_WORLD["ends"]))


def degree(rng: Random, technical: bool) -> tuple[str, str]:
    """Return a degree and an invented school."""
    fields = _WORLD["fields_it"] if technical and rng.random() < 0.85 else _WORLD["fields_any"]
    title = rng.choice(_WORLD["degrees"]).format(f=rng.choice(fields))
    school = rng.choice(_WORLD["schools"]).format(
        c=rng.choice(_WORLD["stems"]) + rng.choice(_WORLD["ends"])
    )
    return title, school


def month(year: int, number: int, form: str) -> str:
    """Write a month (``number`` from 1 to 12) in one of ``DATE_FORMS``."""
    name = _WORLD["months"][number - 1]
    return {
        "long": f"{name} {year}",
        "short": f"{name[:3]} {year}",
        "slash": f"{number:02d}/{year}",
        "iso": f"{year}-{number:02d}",
        "year": str(year),
        "dotted": f"{number:02d}.{year}",
        "apostrophe": f"{name[:3]} '{year % 100:02d}",
    }[form]
