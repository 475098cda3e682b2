"""Style: the choices a layout leaves open."""

from dataclasses import dataclass
from random import Random

from tools.make_sample import world
from tools.make_sample.resume import Resume

LAYOUTS = {
    "flat": 22,
    "sections": 20,
    "capitals": 10,
    "table": 6,
    "first person": 9,
    "terse": 6,
    "functional": 5,
    "consultant": 8,
    "european": 6,
    "biography": 10,
    "underlined": 5,
    "narrative": 5,
}

_BULLETS = ("•", "•", "•", "-", "-", "*", "–", "▪", "o", "►", "✓", "🔹", "·", "")
_ORDERS = (
    ("summary", "jobs", "education", "skills", "certificates", "extras"),
    ("summary", "skills", "jobs", "education", "certificates", "extras"),
    ("summary", "skills", "jobs", "certificates", "education", "extras"),
    ("skills", "summary", "jobs", "education", "extras", "certificates"),
    ("summary", "education", "skills", "jobs", "certificates", "extras"),
    ("summary", "certificates", "jobs", "skills", "education", "extras"),
    ("jobs", "skills", "education", "certificates", "extras"),
    ("education", "jobs", "skills", "certificates", "extras"),
)


@dataclass(frozen=True)
class Style:
    """The choices a layout leaves open, made once for a résumé.

    Attributes:
        layout: one of ``LAYOUTS``.
        seed: of all smaller choices, so that they stay the same while the text grows.
        bullet: what a duty starts with, or "".
        dates: one of ``world.DATE_FORMS``.
        order: of the sections.
        verbs: the form of the duties, see ``grammar.inflect``.
        show_name: whether the text names the person.
        third_person: whether the text speaks of the person as she, he or they.
        with_summary: whether there is one.
    """

    layout: str
    seed: int
    bullet: str
    dates: str
    order: tuple[str, ...]
    verbs: str
    show_name: bool
    third_person: bool
    with_summary: bool


def draw_style(resume: Resume, rng: Random) -> Style:
    """Draw a layout that suits the résumé."""
    names = list(LAYOUTS)
    weights = [
        LAYOUTS[name]
        * (3 if name == "consultant" and resume.words > 300 else 1)
        # A list of skills has nothing to fill many pages with, nor has a paragraph.
        * (0 if name in ("terse", "biography", "narrative") and resume.words > 500 else 1)
        for name in names
    ]
    layout = rng.choices(names, weights)[0]
    order = rng.choice(_ORDERS)
    needs_summary = len(resume.labels) > 1
    if needs_summary and "summary" not in order:
        order = rng.choice(_ORDERS[:6])
    if resume.late:
        # Skills at the top would tell nothing of the late role either; they hold only the others.
        order = _ORDERS[1] if rng.random() < 0.5 else _ORDERS[0]
    third_person = layout == "biography" or (
        layout in ("sections", "flat", "capitals", "european") and rng.random() < 0.17
    )
    if third_person and "summary" not in order:
        order = rng.choice(_ORDERS[:6])
    verbs = rng.choices(("past", "present", "gerund", "noun"), (72, 14, 9, 5))[0]
    return Style(
        layout=layout,
        seed=rng.randrange(2**32),
        bullet=rng.choice(_BULLETS),
        dates=rng.choice(world.DATE_FORMS),
        order=order,
        verbs=verbs,
        show_name=layout == "biography" or rng.random() < (0.35 if layout == "flat" else 0.85),
        third_person=third_person,
        with_summary=needs_summary or third_person or rng.random() < 0.82,
    )
