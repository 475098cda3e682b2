"""Fictional people: names balanced over gender and origin, and harmless ways to reach them."""

from dataclasses import dataclass
from random import Random

from resumebert.evaluation.names import GENDERS, NAMES, ORIGINS

PRONOUNS = ("she/her", "he/him", "they/them")


@dataclass(frozen=True)
class Person:
    """A fictional person."""

    name: str
    gender: str
    origin: str
    pronouns: str


def people(count: int, rng: Random) -> list[Person]:
    """Return ``count`` people, balanced over genders and origins, in random order."""
    drawn: list[Person] = []
    seen: set[str] = set()
    cells = [(gender, origin) for origin in ORIGINS for gender in GENDERS]
    for number in range(count):
        gender, origin = cells[number % len(cells)]
        column = GENDERS.index(gender)
        for _ in range(20):
            first = rng.choice(NAMES[origin][gender])
            name = f"{first} {rng.choice(NAMES[origin]['last'])}"
            if name not in seen:
                break
        seen.add(name)
        # One in ten goes by a pronoun the name does not suggest.
        pronouns = PRONOUNS[column] if rng.random() < 0.9 else rng.choice(PRONOUNS)
        drawn.append(Person(name=name, gender=gender, origin=origin, pronouns=pronouns))
    rng.shuffle(drawn)
    return drawn


def email(person: Person, rng: Random) -> str:
    """Return an address in a domain that is reserved for examples."""
    initials = "".join(part[0] for part in person.name.lower().replace("š", "s").split())
    domain = rng.choice(("example.com", "example.org", "example.net"))
    local = rng.choice(("{i}{n}", "mail.{i}{n}", "{i}.{n}", "cv{n}{i}"))
    return f"{local.format(i=initials, n=rng.randint(10, 9999))}@{domain}"


def telephone(rng: Random) -> str:
    """Return a number from the range kept free for fiction."""
    area = rng.choice((201, 212, 303, 312, 404, 415, 503, 512, 602, 617, 702, 713, 804, 919))
    last = f"01{rng.randint(0, 99):02d}"
    form = rng.choice(("({a}) 555-{l}", "{a}-555-{l}", "{a}.555.{l}", "+1 {a} 555 {l}", "555-{l}"))
    return form.format(a=area, l=last)
