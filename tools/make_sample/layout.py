"""Layouts: how a planned résumé looks on the page."""

from random import Random

from tools.make_sample import people, world
from tools.make_sample.grammar import inflect, upper_first
from tools.make_sample.resume import Job, Resume
from tools.make_sample.style import Style

_HEADINGS = {
    "summary": ("Summary", "Professional Summary", "Profile", "Objective", "About", "Overview"),
    "skills": (
        "Skills",
        "Technical Skills",
        "Key Skills",
        "Core Competencies",
        "Tools",
        "IT skills",
    ),
    "jobs": (
        "Work Experience",
        "Experience",
        "Professional Experience",
        "Employment History",
        "Career History",
        "Work History",
    ),
    "education": ("Education", "Education and Training", "Academic Background", "Studies"),
    "certificates": ("Certifications", "Certifications/Licenses", "Certificates", "Training"),
}
_OPENINGS = ("Responsible for", "In charge of", "Tasked with")
_FORMS = {
    "she/her": ("She", "she", "her", "is"),
    "he/him": ("He", "he", "his", "is"),
    "they/them": ("They", "they", "their", "are"),
}


class _Page:
    """One rendering; the same seed makes the same choices however long the text gets."""

    def __init__(self, resume: Resume, style: Style, counts: list[int]) -> None:
        self.resume = resume
        self.style = style
        self.counts = counts
        self.rng = Random(style.seed)
        self.flat = style.layout == "flat"
        self.headings = {key: self.rng.choice(names) for key, names in _HEADINGS.items()}
        self.job_form = self.rng.randrange(5)
        self.stop = self.rng.random() < 0.4
        self.dash = self.rng.choice((" - ", " – ", " to ", "-", " — "))
        self.gap = self.rng.choice(("\n", "\n\n", "\n\n"))
        self.lead = self.rng.random()
        self.contact_form = self.rng.sample(("city", "phone", "mail"), self.rng.randint(0, 3))
        self.phone = people.telephone(self.rng)
        self.mail = people.email(resume.person, self.rng)
        self.skill_form = self.rng.randrange(5)
        self.years = [self.rng.randint(1, 12) for _ in range(60)]

    def heading(self, key: str) -> str:
        text = self.headings.get(key, key)
        layout = self.style.layout
        if layout == "capitals":
            return text.upper()
        if layout == "underlined":
            mark = "=" if self.lead < 0.5 else "-"
            return f"{text}\n{mark * len(text)}"
        if layout in ("terse", "table") or self.lead < 0.15:
            return text + ":"
        return text

    def section(self, key: str, lines: list[str]) -> str:
        if not lines:
            return ""
        if self.flat:
            return f"{self.heading(key)} {' '.join(lines)}"
        if self.style.layout == "terse":
            return f"{self.heading(key)} {' | '.join(lines)}"
        return "\n".join([self.heading(key), *lines])

    def span(self, job: Job) -> str:
        dash = " - " if self.dash == "-" and self.style.dates == "iso" else self.dash
        start = world.month(*job.start, self.style.dates)
        end = world.month(*job.end, self.style.dates) if job.end else "Present"
        return start if start == end else f"{start}{dash}{end}"

    def top(self) -> list[str]:
        resume = self.resume
        lines = [resume.person.name] if self.style.show_name else []
        headline = resume.headline
        if self.style.layout == "capitals" and self.lead < 0.6:
            headline = headline.upper()
        if self.flat and resume.words > 110:
            first = resume.jobs[0]
            headline = " ".join([headline] * (3 if self.lead < 0.5 else 2))
            if self.lead < 0.6:
                headline += f" - {first.company}"
        if self.lead < 0.93 or self.flat:
            lines.append(headline)
        contact = {"city": resume.jobs[0].city, "phone": self.phone, "mail": self.mail}
        found = [contact[key] for key in self.contact_form]
        if found and (resume.words > 75 or self.flat):
            lines.append(" | ".join(found) if self.lead < 0.5 else ", ".join(found))
        return lines

    def summary(self) -> list[str]:
        if not self.style.with_summary:
            return []
        sentences = self.resume.summary
        if self.style.third_person:
            sentences = self.about()
        if len(sentences) > 1 and self.lead > 0.8 and not self.flat:
            return [f"{self.style.bullet} {line}".strip() for line in sentences]
        return [" ".join(sentences)]

    def about(self) -> list[str]:
        person = self.resume.person
        upper, _, own, be = _FORMS[person.pronouns]
        subject = person.name if self.style.show_name else "The candidate"
        first = self.resume.jobs[0]
        role = first.title
        article = "an" if role[0].lower() in "aeio" else "a"
        opening = self.rng.choice(
            (
                f"{subject} is {article} {role} at {first.company}.",
                f"{subject} works as {role}.",
                f"{subject} joined {first.company} as {role}.",
            )
        )
        virtue = self.rng.choice(("care", "clear advice", "patience"))
        rest = [
            f"{upper} {be} known for {own} {virtue}.",
            f"In {own} spare time {upper.lower()} {be} often outdoors.",
            f"{upper} {be} based in {first.city}.",
        ]
        return [opening, *self.resume.summary, self.rng.choice(rest)]

    def duty_lines(self, job: Job, count: int) -> list[str]:
        duties = job.duties[:count]
        style = self.style
        if style.layout == "first person":
            lines = [
                f"I {duty}" if at % 2 == 0 else upper_first(duty) for at, duty in enumerate(duties)
            ]
        else:
            lines = [
                inflect(duty, "gerund" if at % 4 == 1 else style.verbs, _OPENINGS[at % 3])
                if style.verbs == "noun"
                else inflect(duty, style.verbs)
                for at, duty in enumerate(duties)
            ]
        end = "." if self.stop or style.layout in ("first person", "narrative") else ""
        if style.layout in ("first person", "narrative") or (self.flat and not style.bullet):
            return [" ".join(f"{line}." for line in lines)] if lines else []
        return [f"{style.bullet} {line}{end}".strip() for line in lines]

    def job_header(self, job: Job) -> list[str]:
        span, title = self.span(job), job.title
        if self.style.layout == "capitals" and self.lead < 0.5:
            title = title.upper()
        forms = (
            [f"{title}", f"{job.company} - {job.city}", span],
            [f"{title}, {job.company}, {job.city} ({span})"],
            [f"{span}  {title}", job.company],
            [f"{job.company}, {job.city}", f"{title} | {span}"],
            [f"{title} at {job.company}", span],
        )
        return forms[self.job_form]

    def jobs(self) -> list[str]:
        lines: list[str] = []
        layout = self.style.layout
        for job, count in zip(self.resume.jobs, self.counts, strict=True):
            duties = self.duty_lines(job, count)
            if layout == "table":
                lines.append(f"{self.span(job)} | {job.title} | {job.company} | {job.city}")
                lines += duties
            elif layout == "consultant":
                lines += [
                    f"Client: {job.company}, {job.city}",
                    f"Role: {job.title}",
                    f"Duration: {self.span(job)}",
                    *(["Responsibilities:", *duties] if duties else []),
                    f"Environment: {', '.join(job.tools)}",
                    "",
                ]
            elif layout == "european":
                lines += [
                    f"Dates: {self.span(job)}",
                    f"Occupation or position held: {job.title}",
                    *(["Main activities and responsibilities:", *duties] if duties else []),
                    f"Name of employer: {job.company}",
                ]
            elif layout == "terse":
                lines.append(f"{job.title}, {job.company}, {self.span(job)}")
                lines += duties
            else:
                lines += [*self.job_header(job), *duties]
                if not self.flat and self.gap == "\n\n":
                    lines.append("")
        return lines

    def skills(self) -> list[str]:
        skills, soft = self.resume.skills, self.resume.soft
        if self.resume.words < 90:
            soft = []
        form = self.skill_form
        if form == 0:
            return [", ".join(skills + soft)]
        if form == 1 and not self.flat:
            half = (len(skills) + 1) // 2
            rows = [
                f"Technical: {', '.join(skills[:half])}",
                f"Other tools: {', '.join(skills[half:])}",
            ]
            return [*rows, f"Personal: {', '.join(soft)}"] if soft else rows
        if form == 2:
            pairs = zip(skills, self.years, strict=False)
            return [", ".join(f"{skill} ({years} years)" for skill, years in pairs)]
        if form == 3 and not self.flat:
            return [f"{self.style.bullet} {skill}".strip() for skill in skills]
        return [" / ".join(skills) if self.lead < 0.3 else "; ".join(skills + soft)]

    def education(self) -> list[str]:
        rows = self.resume.education
        if self.resume.words < 80:
            rows = rows[:1]
        return [
            f"{what}, {school}" + (f", {year}" if self.lead < 0.7 else "")
            for what, school, year in rows
        ]

    def extras(self) -> list[str]:
        if self.resume.words < 110:
            return []
        return [
            f"{heading}: {text}"
            if self.flat or self.lead < 0.5
            else f"{self.heading(heading)}\n{text}"
            for heading, text in self.resume.extras
        ]

    def biography(self) -> list[str]:
        """Tell the career in the third person."""
        upper, lower, own, be = _FORMS[self.resume.person.pronouns]
        parts = [" ".join(self.about())]
        for place, (job, count) in enumerate(zip(self.resume.jobs, self.counts, strict=True)):
            when = self.span(job)
            opening = (
                f"At {job.company} {lower} worked as {job.title} ({when}).",
                f"Before that {lower} held the post of {job.title} with {job.company}, {when}.",
                f"From {job.start[0]} {lower} served {job.company} as {job.title}.",
            )[min(place, 1) if self.lead < 0.6 else 2]
            told = []
            for at, duty in enumerate(job.duties[:count]):
                if at % 3 == 0:
                    told.append(f"{upper} {duty}.")
                elif at % 3 == 1:
                    told.append(f"In {own} work there {lower} {duty}.")
                else:
                    told.append(f"{upper} also {duty}.")
            parts.append(" ".join([upper_first(opening), *told]))
        own_skills = ", ".join(self.resume.skills)
        parts.append(f"{upper_first(own)} skills: {own_skills}.")
        if self.resume.education:
            what, school, _ = self.resume.education[0]
            parts.append(f"{upper} hold{'s' if be == 'is' else ''}: {what}, {school}.")
        return parts

    def narrative(self) -> list[str]:
        """Tell the career in the first person, in paragraphs."""
        parts = [" ".join(self.resume.summary)]
        for place, (job, count) in enumerate(zip(self.resume.jobs, self.counts, strict=True)):
            link = (
                "Currently" if place == 0 and job.end is None else "Before" if place else "Lately"
            )
            duties = job.duties[:count]
            told = f"{link} ({self.span(job)}) I worked as {job.title} for {job.company}."
            parts.append(" ".join([told, *(f"I {duty}." for duty in duties)]))
        parts.append(f"I use {', '.join(self.resume.skills)}.")
        return parts + self.education()

    def functional(self) -> list[str]:
        """Group the duties by kind of work, with a bare list of posts after them."""
        lines = [self.section("summary", self.summary()), self.section("skills", self.skills())]
        for job, count in zip(self.resume.jobs, self.counts, strict=True):
            duties = self.duty_lines(job, count)
            if duties:
                area = upper_first(self.rng.choice(job.roles[0].focus))
                lines.append("\n".join([area, *duties]))
        posts = [f"{job.title}, {job.company}, {self.span(job)}" for job in self.resume.jobs]
        lines.append(self.section("jobs", posts))
        lines.append(self.section("education", self.education()))
        return lines

    def sections(self) -> list[str]:
        parts: list[str] = []
        for key in self.style.order:
            if key == "summary":
                parts.append(self.section(key, self.summary()))
            elif key == "jobs":
                parts.append(self.section(key, self.jobs()))
            elif key == "skills":
                parts.append(self.section(key, self.skills()))
            elif key == "education":
                parts.append(self.section(key, self.education()))
            elif key == "certificates":
                parts.append(self.section(key, self.resume.certificates))
            else:
                parts += self.extras()
        return parts

    def text(self) -> str:
        layout = self.style.layout
        body = {
            "biography": self.biography,
            "narrative": self.narrative,
            "functional": self.functional,
        }.get(layout, self.sections)()
        top = self.top()
        if layout == "european":
            title = "Curriculum Vitae" if self.lead < 0.6 else "Europass Curriculum Vitae"
            top.insert(0, title)
        parts = [part for part in body if part]
        if self.flat:
            return " ".join([*top, *parts])
        return self.gap.join(["\n".join(top), *parts]).strip()


def render(resume: Resume, style: Style, counts: list[int]) -> str:
    """Write the résumé with ``counts`` duties for its jobs."""
    return _Page(resume, style, counts).text()
