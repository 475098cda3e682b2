"""What a résumé says of jobs that its person does not have.

They are other people's, wished for, refused or learned about. A bag of words can't tell them from
the person's own. A reader can: the sentence says whose they are.
"""

from collections.abc import Sequence
from random import Random

from tools.make_sample.banks import ROLES, Role, read_bank
from tools.make_sample.grammar import expand
from tools.make_sample.titles import in_a_sentence

_BANK = read_bank("others")
HEADLINES = _BANK["headlines"]
# Of duties: titles of others, their duties, and things named like occupations.
_KINDS = {"people": 6, "telling": 10, "projects": 1}
Slots = dict[str, tuple[str, ...]]


def strangers(labels: Sequence[str], rng: Random) -> tuple[str, ...]:
    """Return labels that a résumé lacks, of the people that its person has most to do with."""
    lacking = [label for label in ROLES if label not in labels]
    return tuple(rng.sample(lacking, rng.choice((2, 3))))


def _title(role: Role, rng: Random) -> str:
    names = role.exact[:3] if rng.random() < 0.6 else role.titles
    # "DBAs", but not "WEB DEVELOPERs".
    title = rng.choice([name for name in names if not name.isupper() or len(name) < 5])
    return in_a_sentence(title) if rng.random() < 0.4 else title


def _slots(lacking: Sequence[str], slots: Slots, rng: Random) -> Slots:
    role, second = (ROLES[rng.choice(lacking)] for _ in range(2))
    title = _title(role, rng)
    told = expand(rng.choice(role.duties), {**slots, **role.slots}, rng)
    return {
        **slots,
        "title": (title,),
        "titles": (title + "s",),
        "second": (_title(second, rng),),
        "told": (told,),
        "certificate": role.certificates or role.focus,
        "area": role.focus,
    }


def told_of_others(lacking: Sequence[str], slots: Slots, rng: Random) -> str:
    """Return a duty that names a job of somebody else, or what it does."""
    [kind] = rng.choices(list(_KINDS), list(_KINDS.values()))
    return expand(rng.choice(_BANK[kind]), _slots(lacking, slots, rng), rng)


def wish(lacking: Sequence[str], slots: Slots, rng: Random) -> str:
    """Return a sentence on a job that the person wants, or refused."""
    return expand(rng.choice(_BANK["wishes"]), _slots(lacking, slots, rng), rng)


def course(lacking: Sequence[str], slots: Slots, rng: Random) -> str:
    """Return a course or certificate of a job that the person does not have."""
    return expand(rng.choice(_BANK["courses"]), _slots(lacking, slots, rng), rng)


def borrowed_skills(lacking: Sequence[str], count: int, rng: Random) -> list[str]:
    """Return skills of jobs that the person does not have: people list more than they do."""
    pool = [skill for label in lacking for skill in ROLES[label].skills]
    return rng.sample(pool, min(len(pool), count))
