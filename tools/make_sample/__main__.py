"""Make the embedded sample: ``python -m tools.make_sample``.

The same count and seed always give the same table, on every machine: nothing but
``random.Random(seed)`` is random here.
"""

from pathlib import Path
from random import Random

import pandas as pd

from tools.make_sample.label_sets import label_sets
from tools.make_sample.layout import render
from tools.make_sample.noise import add_noise
from tools.make_sample.people import Person, people
from tools.make_sample.resume import Resume, grow_duties, plan
from tools.make_sample.style import draw_style

SHORTEST, LONGEST = 60, 1500
PACKAGED = Path(__file__).parents[2] / "src" / "resumebert" / "data" / "sample" / "resumes.parquet"

_WORDS_A_DUTY = 12.5


def _lengths(count: int, rng: Random) -> list[int]:
    """Spread the wished numbers of words: most are a page, a fifth much longer."""
    lengths = []
    for number in range(count):
        share = (number + 0.5) / count
        if share < 0.12:
            lengths.append(rng.randint(62, 105))
        elif share < 0.785:
            lengths.append(rng.randint(105, 300))
        elif share < 0.97:
            lengths.append(int(330 * (1000 / 330) ** rng.random()))
        else:
            lengths.append(rng.randint(1000, 1440))
    rng.shuffle(lengths)
    return lengths


def _share_out(total: int, resume: Resume) -> list[int]:
    """Deal duties to jobs, more to the recent ones and to those that make a label."""
    labelled = bool(resume.labels)
    weights = [
        1.0
        if job.roles[0].label in resume.late
        else (0.4 if labelled and not job.roles[0].label else 1.0) / (1 + 0.3 * place)
        for place, job in enumerate(resume.jobs)
    ]
    jobs = len(weights)
    scale = total / sum(weights)
    counts = [int(weight * scale) for weight in weights]
    for place in range(total - sum(counts)):
        counts[place % jobs] += 1
    return counts


def _write(resume: Resume, rng: Random) -> tuple[str, bool]:
    """Render the résumé with as many duties as bring it near its wished length."""
    style = draw_style(resume, rng)
    duties = max(len(resume.jobs), int(resume.words / 22))
    best, best_gap = "", 10**9
    for _ in range(6):
        counts = _share_out(duties, resume)
        for job, wanted in zip(resume.jobs, counts, strict=True):
            grow_duties(resume, job, wanted, rng)
        text = render(resume, style, counts)
        words = len(text.split())
        fits = SHORTEST <= words <= LONGEST
        gap = abs(words - resume.words) + (0 if fits else 10_000)
        if gap < best_gap:
            best, best_gap = text, gap
        step = round((resume.words - words) / _WORDS_A_DUTY)
        if step == 0 or duties + step < 0:
            if duties == 0 or step == 0:
                break
            step = -duties
        duties += step
    return best, style.third_person


def _row(
    person: Person, labels: tuple[str, ...], words: int, seen: set[str], rng: Random
) -> dict[str, str]:
    while True:
        resume = plan(person, labels, words, rng)
        text, with_pronouns = _write(resume, rng)
        text = add_noise(text, person.name, rng)
        if SHORTEST <= len(text.split()) <= LONGEST and text not in seen:
            seen.add(text)
            return {
                "labels": ";".join(labels),
                "text": text,
                "name": person.name,
                "gender": person.gender,
                "origin": person.origin,
                "pronouns": person.pronouns if with_pronouns else "",
                "seniority": resume.seniority,
                "industry": resume.industry,
            }


def make_sample(count: int = 1200, seed: int = 42) -> pd.DataFrame:
    """Return ``count`` fictional résumés.

    Args:
        count: how many.
        seed: another seed makes other résumés.

    Returns:
        One row each: ``id``, ``labels`` (joined by semicolons, perhaps empty), ``text``, and of the
        fictional person ``name``, ``gender``, ``origin``, ``pronouns`` (those the text uses when it
        speaks of the person, "" if it does not), ``seniority`` and ``industry``.

    """
    rng = Random(seed)
    seen: set[str] = set()
    rows = [
        _row(person, labels, words, seen, rng)
        for person, labels, words in zip(
            people(count, rng), label_sets(count, rng), _lengths(count, rng), strict=True
        )
    ]
    table = pd.DataFrame(rows)
    table.insert(0, "id", [f"R{number:04d}" for number in range(1, count + 1)])
    return table


def main() -> None:
    """Write the packaged file."""
    make_sample().to_parquet(PACKAGED, compression="zstd", index=False)


if __name__ == "__main__":
    main()
