"""What a résumé lists beside its jobs: skills, languages, interests, courses, references."""

from random import Random

from tools.make_sample.banks import COMMON, ROLES, Role
from tools.make_sample.difficulty import Difficulty
from tools.make_sample.others import borrowed_skills


def skills(
    roles: list[Role],
    labels: tuple[str, ...],
    lacking: tuple[str, ...],
    words: int,
    how: Difficulty,
    rng: Random,
) -> list[str]:
    """Draw skills of the roles, and of jobs that the person lacks, as many as suit its length."""
    wanted = max(5, min(40, int(words * rng.uniform(0.04, 0.09))))
    each = max(4, wanted // max(1, len(roles)))
    found: list[str] = []
    for role in roles:
        found += rng.sample(role.skills, min(len(role.skills), each))
    if rng.random() < 0.3:
        weak = rng.choice([label for label in COMMON["weak_skills"] if label not in labels])
        found.append(rng.choice(COMMON["weak_skills"][weak]))
    if how.borrowed_skills and rng.random() < how.borrowed_skills:
        found += borrowed_skills(lacking, round(len(found) * rng.uniform(0.4, 1.4)), rng)
    if rng.random() < how.shuffled_skills:
        rng.shuffle(found)
    return list(dict.fromkeys(found))


def extras(labels: tuple[str, ...], rng: Random) -> list[tuple[str, str]]:
    """Draw further sections: a heading and a text each."""
    found = []
    if rng.random() < 0.3:
        spoken = rng.sample(COMMON["languages"], rng.randint(1, 3))
        level = rng.choice(("fluent", "native", "B2", "C1", "conversational"))
        found.append(("Languages", ", ".join(f"{name} ({level})" for name in spoken)))
    if rng.random() < 0.25:
        found.append(("Interests", ", ".join(rng.sample(COMMON["interests"], rng.randint(2, 4)))))
    if rng.random() < 0.2:
        found.append(("Relevant Coursework", ", ".join(rng.sample(COMMON["coursework"], 4))))
    if rng.random() < 0.15:
        strange = [label for label in ROLES if label not in labels]
        other = rng.choice(ROLES[rng.choice(strange)].exact[:1])
        found.append(("References", f"A former {other} of the company, name on request"))
    elif rng.random() < 0.15:
        found.append(("References", "Available on request"))
    rng.shuffle(found)
    return found
