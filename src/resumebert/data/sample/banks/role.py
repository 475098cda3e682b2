"""Role: all the words one kind of job is told with."""

from dataclasses import dataclass, field

from resumebert.data.sample.grammar import entries, items


@dataclass(frozen=True)
class Role:
    """The word bank of one kind of job.

    Attributes:
        label: the label a résumé with such a job gets, or "" for a job outside the ten labels.
        exact: the job's own name and its spellings.
        titles: synonyms and narrower names, which still tell the job.
        vague: titles that do not tell it.
        skills: tools and skills.
        duties: templates that start with a verb in the past tense.
        focus: noun phrases for "experience in …".
        certificates: fitting certificates.
        slots: values of the templates' own slots.

    """

    label: str
    exact: tuple[str, ...]
    titles: tuple[str, ...]
    vague: tuple[str, ...]
    skills: tuple[str, ...]
    duties: tuple[str, ...]
    focus: tuple[str, ...]
    certificates: tuple[str, ...] = ()
    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)


def make_role(
    label: str,
    *,
    exact: str,
    titles: str,
    skills: str,
    duties: str,
    focus: str,
    vague: str = "",
    certificates: str = "",
    slots: dict[str, str] | None = None,
) -> Role:
    """Build a role from blocks of text: duties one a line, everything else parted by semicolons."""
    return Role(
        label=label,
        exact=items(exact),
        titles=items(titles),
        vague=items(vague),
        skills=items(skills),
        duties=entries(duties),
        focus=items(focus),
        certificates=items(certificates),
        slots={name: items(text) for name, text in (slots or {}).items()},
    )
