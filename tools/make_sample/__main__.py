"""Make the embedded sample: ``python -m tools.make_sample``; or ``--hard FOLDER``, a harder one.

The same count and seed always give the same table, on every machine: nothing but
``random.Random(seed)`` is random here.
"""

import argparse
from pathlib import Path
from random import Random

import pandas as pd

from tools.make_sample.difficulty import EASY, HARD, SHORTEST, Difficulty
from tools.make_sample.label_sets import label_sets
from tools.make_sample.layout import render
from tools.make_sample.noise import add_noise
from tools.make_sample.people import Person, people
from tools.make_sample.resume import Resume, grow_duties, plan
from tools.make_sample.style import draw_style
from tools.make_sample.versions import second_version, wrong_labels

PACKAGED = Path(__file__).parents[2] / "src" / "resumebert" / "data" / "sample" / "resumes.parquet"

_WORDS_A_DUTY = 12.5


def _lengths(count: int, how: Difficulty, rng: Random) -> list[int]:
    """Spread the wished numbers of words."""
    lengths = [how.length((number + 0.5) / count, how.longest, rng) for number in range(count)]
    rng.shuffle(lengths)
    return lengths


def _share_out(total: int, resume: Resume) -> list[int]:
    """Deal duties to jobs by their weights."""
    weights = [job.weight for job in resume.jobs]
    jobs = len(weights)
    scale = total / sum(weights)
    counts = [int(weight * scale) for weight in weights]
    for place in range(total - sum(counts)):
        counts[place % jobs] += 1
    return [
        max(count, resume.how.own_first) if job.roles[0].label else count
        for count, job in zip(counts, resume.jobs, strict=True)
    ]


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
        fits = SHORTEST <= words <= resume.how.longest
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
    person: Person,
    labels: tuple[str, ...],
    words: int,
    seen: set[str],
    how: Difficulty,
    rng: Random,
) -> dict[str, str]:
    while True:
        resume = plan(person, labels, words, how, rng)
        text, with_pronouns = _write(resume, rng)
        text = add_noise(text, person.name, how, rng)
        if SHORTEST <= len(text.split()) <= how.longest and text not in seen:
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


def make_sample(
    count: int = 1200, seed: int = 42, how: Difficulty = EASY
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``count`` fictional résumés, and which of their labels are wrong.

    Args:
        count: how many.
        seed: another seed makes other résumés.
        how: hard they are.

    Returns:
        One row each: ``id``, ``labels`` (joined by semicolons, perhaps empty), ``text``, and of the
        fictional person ``name``, ``gender``, ``origin``, ``pronouns`` (those the text uses when it
        speaks of the person, "" if it does not), ``seniority`` and ``industry``. And a row for each
        wrong one: ``id``, ``given`` and ``true``, joined like the labels.
    """
    rng = Random(seed)
    seen: set[str] = set()
    again = round(count * how.second_versions)
    first = count - again
    persons, sets = people(first, rng), label_sets(first, rng, how.unlabelled)
    rows = [
        _row(person, labels, words, seen, how, rng)
        for person, labels, words in zip(persons, sets, _lengths(first, how, rng), strict=True)
    ]
    if again:
        chosen = rng.sample(rows, again)
        rows += [{**row, "text": second_version(row["text"], rng)} for row in chosen]
        rng.shuffle(rows)
    table = pd.DataFrame(rows)
    table.insert(0, "id", [f"R{number:04d}" for number in range(1, count + 1)])
    wrong = sorted(rng.sample(range(count), round(count * how.wrong_labels)))
    true = table["labels"][wrong]
    given = [";".join(wrong_labels(names.split(";") if names else [], rng)) for names in true]
    table.loc[wrong, "labels"] = given
    mistakes = pd.DataFrame({"id": table["id"][wrong], "given": given, "true": true})
    return table, mistakes.reset_index(drop=True)


def main() -> None:
    """Write the packaged file, or a hard sample into a folder that is given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hard", type=Path, metavar="FOLDER", help="write a hard sample there")
    folder = parser.parse_args().hard
    if folder is None:
        make_sample()[0].to_parquet(PACKAGED, compression="zstd", index=False)
        return
    table, wrong = make_sample(how=HARD)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "resumes.parquet", compression="zstd", index=False)
    wrong.to_csv(folder / "wrong_labels.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
