"""Job titles, and the banks they come from."""

import re
from random import Random

from tools.make_sample.banks import Role

SENIORITIES = ("intern", "junior", "mid", "senior", "lead", "principal", "manager")
_PREFIXES = {
    "intern": ("", "Intern - ", "Trainee "),
    "junior": ("Junior ", "Jr. ", "Entry-level ", "Associate ", ""),
    "mid": ("",),
    "senior": ("Senior ", "Sr. ", "Sr ", "SR. ", ""),
    "lead": ("Lead ", "Team Lead - ", "Senior ", ""),
    "principal": ("Principal ", "Staff ", "Chief ", ""),
    "manager": ("", "Senior ", "Head "),
}

# A title that tells a second label may only stand where that label holds.
_TELLING = {
    "Web_Developer": r"web|full.?stack",
    "Front_End_Developer": r"front|\bui\b|javascript",
    "Java_Developer": r"\bjava\b|j2ee",
    "Python_Developer": r"python",
    "Network_Administrator": r"network (admin|engineer)",
    "Systems_Administrator": r"system.? admin",
    "Database_Administrator": r"\bdba\b|database admin",
    "Project_manager": r"project",
    "Software_Developer": r"software (dev|eng)|developer|programmer",
    "Security_Analyst": r"security (analyst|eng)",
}

# Words of titles that a sentence may write in lower case.
_PLAIN = re.compile(
    r"\b(Developer|Engineer|Software|Network|Systems?|Administrator|Database|Security|Analyst|Project|"
    r"Manager|Web|Front|End|Programmer|Consultant|Specialist|Technical|Application|Information|"
    r"Freelance|Designer|Backend|Technologist|Creative|Digital|Data|Server|Infrastructure|Support|"
    r"Operations|Coordinator|Lead|Program|Delivery|Technician|Mobile|Embedded|Computer|User|Interface)\b"
)


def a_title(role: Role, labels: tuple[str, ...], rng: Random, vague: float = 0.16) -> str:
    """Draw a title of the role that tells no label the résumé does not have."""
    draw = rng.random()
    pool = role.vague if role.vague and draw < vague else role.titles
    if draw > 0.5 or not pool:
        pool = role.exact
    fitting = [
        title
        for title in pool
        if not any(
            label not in labels and label != role.label and re.search(sign, title, re.I)
            for label, sign in _TELLING.items()
        )
    ]
    return rng.choice(fitting or role.exact[:1])


def _ranked(title: str, seniority: str, rng: Random) -> str:
    if re.match(r"(?i)(senior|sr|lead|junior|freelance|staff)\b", title) or rng.random() < 0.3:
        return title
    ranked = rng.choice(_PREFIXES[seniority]) + title
    if seniority == "intern" and "ntern" not in ranked and "Trainee" not in ranked:
        ranked += " Intern"
    return ranked


def job_title(
    roles: tuple[Role, ...], labels: tuple[str, ...], seniority: str, rng: Random, vague: float
) -> str:
    """Draw the title of a job with one role or two."""
    if len(roles) == 1:
        return _ranked(a_title(roles[0], labels, rng, vague), seniority, rng)
    first, second = (a_title(role, labels, rng, 0.02) for role in roles)
    joint = rng.choice((" / ", "/", " & ", " and ", ", "))
    return _ranked(f"{first}{joint}{second}", seniority, rng)


def in_a_sentence(title: str) -> str:
    """Write a title as a sentence would: small letters, but for the names of products."""
    return _PLAIN.sub(lambda match: match[0].lower(), title)
