"""Plan: what one résumé says, before a layout decides how it looks."""

from dataclasses import dataclass, field
from random import Random

from tools.make_sample import world
from tools.make_sample.banks import COMMON, IT_NEIGHBOURS, OTHER_TRADES, ROLES, Role
from tools.make_sample.difficulty import Difficulty
from tools.make_sample.grammar import expand, upper_first
from tools.make_sample.lists import extras, skills
from tools.make_sample.others import (
    HEADLINES,
    course,
    strangers,
    told_of_others,
    wish,
)
from tools.make_sample.people import Person
from tools.make_sample.titles import SENIORITIES, a_title, in_a_sentence, job_title

LONG_RESUME = 240
PLAIN_HEADLINES = ("IT Professional", "Information Technology", "IT Consultant")

# Where the jobs outside IT are at home.
_HOMES = {
    "Registered Nurse": "health care",
    "Teacher": "schools",
    "Sales Representative": "retail",
    "Warehouse Associate": "logistics",
    "Marketing Specialist": "advertising",
    "Mechanical Engineer": "manufacturing",
    "Chef": "travel",
}


@dataclass
class Job:
    """One job: its roles, and a stock of duties that grows as a layout asks for more."""

    roles: tuple[Role, ...]
    title: str
    company: str
    city: str
    start: tuple[int, int]
    end: tuple[int, int] | None
    tools: list[str]
    industry: str
    weight: float  # Of its duties among those of all jobs.
    duties: list[str] = field(default_factory=list)


@dataclass
class Resume:
    """Everything one résumé says."""

    person: Person
    labels: tuple[str, ...]
    words: int
    seniority: str
    industry: str
    headline: str
    summary: list[str]
    jobs: list[Job]
    skills: list[str]
    soft: list[str]
    education: list[tuple[str, str, int]]
    certificates: list[str]
    extras: list[tuple[str, str]]
    late: tuple[str, ...]
    european: bool
    # Labels of the people around the person, and how many of the lines are of them.
    strangers: tuple[str, ...]
    distraction: float
    how: Difficulty


def _slots(job_roles: tuple[Role, ...], industry: str) -> dict[str, tuple[str, ...]]:
    slots = {
        "sys": world.systems(industry),
        "users": world.served(industry),
        "industry": (industry,),
    }
    for role in job_roles:
        slots.update(role.slots)
    return slots


def grow_duties(resume: Resume, job: Job, count: int, rng: Random) -> None:
    """Write duties until the job has ``count`` of them, none twice in the same résumé."""
    told = {duty for other in resume.jobs for duty in other.duties}
    used = [rng.sample(role.duties, len(role.duties)) for role in job.roles]
    slots = _slots(job.roles, job.industry)
    tries, how = 0, resume.how
    while len(job.duties) < count and tries < 20 * count + 50:
        tries += 1
        draw = rng.random()
        if len(job.duties) < how.own_first:
            draw = 1.0
        if draw < how.generic and len(job.duties) > 1:
            template = rng.choice(COMMON["generic_duties"])
        elif resume.distraction and draw < how.generic + resume.distraction:
            duty = told_of_others(resume.strangers, slots, rng)
            if duty not in told:
                told.add(duty)
                job.duties.append(duty)
            continue
        elif draw < how.generic + resume.distraction + how.negative and job.roles[0].label:
            strange = [label for label in COMMON["negative_duties"] if label not in resume.labels]
            template = rng.choice(COMMON["negative_duties"][rng.choice(strange)])
        else:
            deck = rng.choice(used)
            if not deck and job.roles[0].label:
                deck.extend(rng.sample(job.roles[0].duties, len(job.roles[0].duties)))
            template = deck.pop() if deck else rng.choice(COMMON["generic_duties"])
        duty = expand(template, slots, rng)
        plain = "," not in duty and " for " not in duty and job.roles[0] not in OTHER_TRADES
        if plain and rng.random() < 0.3:
            tail = expand(rng.choice(COMMON["tails"]), slots, rng)
            duty += f", {tail}" if tail.startswith(("saving", "reporting")) else f" {tail}"
        if duty not in told:
            told.add(duty)
            job.duties.append(duty)


def _groups(labels: tuple[str, ...], words: int, rng: Random) -> list[tuple[Role, ...]]:
    """Deal the labels' roles to jobs, one or two to each."""
    kinds = [label for label in labels if label != "Software_Developer"]
    rng.shuffle(kinds)
    special = {"Web_Developer", "Front_End_Developer", "Java_Developer", "Python_Developer"}
    if "Software_Developer" in labels:
        covered = bool(special & set(kinds))
        if not covered:
            kinds.insert(rng.randint(0, len(kinds)), "Software_Developer")
        elif rng.random() < 0.3 and words > 130:
            kinds.append("Software_Developer")
    roles = [ROLES[label] for label in kinds]
    groups: list[tuple[Role, ...]] = []
    while roles:
        together = 0.75 if words < 150 else 0.35
        take = 2 if len(roles) > 1 and rng.random() < together else 1
        groups.append(tuple(roles[:take]))
        roles = roles[take:]
    return groups


def _with_history(
    groups: list[tuple[Role, ...]], words: int, how: Difficulty, rng: Random
) -> list[tuple[Role, ...]]:
    """Add earlier jobs: of the same kind, or of a kind outside the labels."""
    jobs = list(groups)
    most = min(how.most_jobs, max(len(jobs), 1 + words // how.words_a_job))
    if groups and len(jobs) < most and rng.random() < 0.55:
        jobs.insert(1, groups[0])
    few = 2 + words // 300
    while groups and words > 450 and len(jobs) < min(most, few):
        jobs.insert(rng.randint(1, len(jobs)), rng.choice(groups))
    while len(jobs) < most and rng.random() < (0.36 if groups else 0.7):
        other = rng.choice(IT_NEIGHBOURS if rng.random() < 0.6 else OTHER_TRADES)
        front = groups and rng.random() < 0.05
        jobs.insert(0 if front else rng.randint(min(1, len(jobs)), len(jobs)), (other,))
    if not jobs:
        jobs.append((rng.choice(IT_NEIGHBOURS if rng.random() < 0.55 else OTHER_TRADES),))
    return jobs


def _weight(
    role: Role,
    place: int,
    labels: tuple[str, ...],
    late: tuple[str, ...],
    how: Difficulty,
    rng: Random,
) -> float:
    """Return how many duties a job has among those of all jobs."""
    if how.old_jobs:
        # What somebody did long ago may be a line or two.
        return 1.0 if place == 0 else rng.choice(how.old_jobs)
    if role.label in late:
        return 1.0
    return (0.4 if labels and not role.label else 1.0) / (1 + 0.3 * place)


def _dates(
    count: int, seniority: str, rng: Random
) -> list[tuple[tuple[int, int], tuple[int, int] | None]]:
    at = rng.choice((2014, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023)) * 12 + rng.randint(
        0, 11
    )
    spans: list[tuple[tuple[int, int], tuple[int, int] | None]] = []
    for number in range(count):
        longest = {"intern": 14, "junior": 26}.get(seniority, 75)
        start = at - rng.randint(4, longest)
        end = None if number == 0 and rng.random() < 0.75 else (at // 12, at % 12 + 1)
        spans.append(((start // 12, start % 12 + 1), end))
        at = start - rng.randint(0, 5)
    return spans


def _summary(
    resume_roles: list[Role],
    side_roles: list[Role],
    labels: tuple[str, ...],
    lacking: tuple[str, ...],
    years: int,
    industry: str,
    how: Difficulty,
    rng: Random,
) -> list[str]:
    main = resume_roles[0]
    focus = rng.sample(main.focus, min(len(main.focus), rng.choice((1, 2, 2, 3))))
    for role in resume_roles[1:]:
        for area in rng.sample(role.focus, 2):
            focus.insert(rng.randint(0, len(focus)), area)
    listed = focus[0] if len(focus) == 1 else f"{', '.join(focus[:-1])} and {focus[-1]}"
    title = a_title(main, labels, rng, 0.15 if main.label else 0)
    if rng.random() < 0.6:
        title = in_a_sentence(title)
    trait = rng.choice(COMMON["traits"])
    span = rng.choice((f"{years} years", f"{years}+ years", f"over {years} years", f"{years} yrs"))
    if years < 2:
        span = rng.choice(("a first year", "about a year", "12 months"))
    opening = rng.choice(
        (
            f"{trait} {title} with {span} of experience in {listed}.",
            f"{title} with {span} in {listed}.",
            f"{span} of experience in {listed}.",
            f"{trait} professional, {span} of {industry} experience: {listed}.",
            f"{trait} {title}. Main areas: {listed}.",
            f"{title}, {span} of hands-on work with {listed}.",
        )
    )
    sentences = [upper_first(opening)]
    for role in side_roles:
        if how.told_sides < 1 and rng.random() > how.told_sides:
            continue
        side = a_title(role, labels, rng, how.vague_sides)
        area = " and ".join(rng.sample(role.focus, 2))
        sentences.append(
            rng.choice(
                (
                    f"Earlier roles as {side}.",
                    f"Also worked as {side} ({area}).",
                    f"Previously {side}.",
                    f"{rng.randint(1, 6)} years as {side} before that.",
                    f"Background in {area}.",
                    f"Experience as {side}, with {area}.",
                )
            )
        )
    slots = _slots((main,), industry)
    closers = [
        expand(text, slots, rng) for text in rng.sample(COMMON["closers"], rng.randint(0, 3))
    ]
    if how.wishes and rng.random() < how.wishes:
        closers.insert(rng.randint(0, len(closers)), wish(lacking, slots, rng))
    return sentences + closers


def _headline(
    jobs: list[Job],
    sides: list[Role],
    labels: tuple[str, ...],
    seniority: str,
    how: Difficulty,
    rng: Random,
) -> str:
    labelled = next((job for job in jobs if job.roles[0].label), jobs[0])
    headline = labelled.title
    if rng.random() < 0.25:
        main = job_title(labelled.roles, labels, seniority, rng, 0.12)
        headline = main
    if sides and rng.random() < how.headline_sides:
        side = a_title(rng.choice(sides), labels, rng, 0)
        headline += rng.choice((" / ", " | ", " and ", ", ")) + side
    if rng.random() < how.plain_headline:
        headline = rng.choice(HEADLINES if how.distraction else PLAIN_HEADLINES)
    return headline


def plan(
    person: Person, labels: tuple[str, ...], words: int, how: Difficulty, rng: Random
) -> Resume:
    """Decide what a résumé of about ``words`` words says."""
    seniority = rng.choices(SENIORITIES, (5, 14, 30, 28, 11, 5, 7))[0]
    industry = rng.choice(world.INDUSTRIES)
    if not labels:
        # The banks of the other jobs are too small for a long one.
        words = min(words, how.longest_unlabelled)
    groups = _groups(labels, words, rng)
    lacking = strangers(labels, rng) if how.distraction else ()
    late: tuple[str, ...] = ()
    if len(groups) > 1 and words >= LONG_RESUME and rng.random() < 0.65:
        late = tuple(role.label for role in groups[-1])
    rows = _with_history(groups, words, how, rng)
    if late and rows[-1] != groups[-1]:
        rows.remove(groups[-1])
        rows.append(groups[-1])
    cities = world.EUROPEAN_CITIES if rng.random() < 0.15 else world.CITIES
    city = rng.choice(cities)
    jobs: list[Job] = []
    for place, (row, (start, end)) in enumerate(
        zip(rows, _dates(len(rows), seniority, rng), strict=True)
    ):
        at = industry if rng.random() < 0.4 else rng.choice(world.INDUSTRIES)
        at = _HOMES.get(row[0].exact[0], at)
        rank = seniority if place == 0 else rng.choice(("junior", "mid", "mid", "senior"))
        # Late evidence is not vague on top of being late.
        vague = how.vague_late if row and row[0].label in late else how.vague
        tools = [
            skill for role in row for skill in rng.sample(role.skills, min(6, len(role.skills)))
        ]
        jobs.append(
            Job(
                roles=row,
                title=job_title(row, labels, rank, rng, vague),
                company=world.company(at, rng),
                city=city if rng.random() < 0.5 else rng.choice(cities),
                start=start,
                end=end,
                tools=rng.sample(tools, len(tools)),
                industry=at,
                weight=_weight(row[0], place, labels, late, how, rng),
            )
        )
    front = next((job.roles for job in jobs if job.roles[0].label), jobs[0].roles)
    main = list(front)
    shown = {role.label for role in main} | set(late)
    sides = [
        ROLES[label]
        for label in labels
        if label not in shown and any(label == role.label for job in jobs for role in job.roles)
    ]
    years = max(1, (jobs[0].end or (jobs[0].start[0] + 2, 1))[0] - jobs[-1].start[0])
    technical = bool(labels) or front[0] in IT_NEIGHBOURS
    education = []
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        what, school = world.degree(rng, technical)
        education.append((what, school, jobs[-1].start[0] - rng.randint(0, 4)))
    certificates = [
        name
        for role in main + sides
        for name in rng.sample(role.certificates, min(len(role.certificates), 2))
        if rng.random() < 0.3
    ]
    slots = _slots((front[0],), industry)
    if how.courses and rng.random() < how.courses:
        more = [course(lacking, slots, rng) for _ in range(rng.choice((1, 1, 2, 3)))]
        certificates = rng.sample(certificates + more, len(certificates) + len(more))
    listed = sides
    if how.told_sides < 1:
        listed = [role for role in sides if rng.random() < how.told_sides]
    around = how.distraction if labels else how.distraction_unlabelled
    return Resume(
        person=person,
        labels=labels,
        words=words,
        seniority=seniority,
        industry=industry,
        headline=_headline(jobs, sides, labels, seniority, how, rng),
        summary=_summary(main, sides, labels, lacking, years, industry, how, rng),
        jobs=jobs,
        skills=skills(main + listed, labels, lacking, words, how, rng),
        soft=rng.sample(COMMON["soft_skills"], rng.randint(2, 6)),
        education=education,
        certificates=certificates,
        extras=extras(labels, rng),
        late=late,
        european=cities is world.EUROPEAN_CITIES,
        strangers=lacking,
        distraction=rng.choice(around) if around else 0.0,
        how=how,
    )
