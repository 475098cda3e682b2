"""How hard it is to tell from a résumé what its person has done."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import NormalDist

SHORTEST = 60
# Of hard ones, logarithms of the wished numbers of words: a median of 900 tokens, a fifth below
# 512, as in the reference corpus.
_LENGTHS = NormalDist(6.43, 0.67)


def _a_page(share: float, longest: int, rng: Random) -> int:
    """Most résumés are a page, a fifth is much longer."""
    if share < 0.12:
        return rng.randint(62, 105)
    if share < 0.785:
        return rng.randint(105, 300)
    if share < 0.97:
        return int(330 * (1000 / 330) ** rng.random())
    return rng.randint(1000, longest - 60)


def _as_real_ones(share: float, longest: int, rng: Random) -> int:
    return max(SHORTEST + 15, min(longest - 150, int(math.exp(_LENGTHS.inv_cdf(share)))))


@dataclass(frozen=True)
class Difficulty:
    """What makes résumés hard, and how much of it there is.

    A number in [0, 1] is the chance that a résumé has it, unless another whole is named.

    Attributes:
        longest: words of a résumé.
        length: wished words of the résumé at a place in (0, 1) among all by length.
        unlabelled: weight of résumés without a label among those of all label sets.
        longest_unlabelled: words; the banks of other jobs are small.
        most_jobs: of a résumé.
        words_a_job: a further job for so many words.
        vague: of job titles, those that do not tell the job.
        vague_late: the same of the job that is told last.
        vague_sides: the same of further jobs in the summary.
        told_sides: of further jobs, those that the summary and the skills tell of.
        headline_sides: they are in the headline.
        plain_headline: nothing of the job is in the headline.
        old_jobs: how much of its duties an older job may have; none: less the older it is.
        own_first: so many lines at least tell of each job itself.
        generic: of the lines, those of no job in particular.
        negative: of the lines, those that name somebody else's job in passing.
        distraction: of the lines, how many are of other people's jobs, drawn for each résumé.
        distraction_unlabelled: the same of those without a label.
        wishes: the person wants another job, or refused one.
        courses: the person has learned about another job.
        borrowed_skills: skills of other jobs are listed.
        shuffled_skills: in no order.
        scanned: lines are broken as on a scanned page.
        two_columns: two columns of the page are run together.
        second_versions: of all, how many are another's second version.
        wrong_labels: of all, how many are labelled wrongly.
    """

    longest: int = 1500
    length: Callable[[float, int, Random], int] = _a_page
    unlabelled: float = 25.1
    longest_unlabelled: int = 230
    most_jobs: int = 7
    words_a_job: int = 90
    vague: float = 0.17
    vague_late: float = 0.05
    vague_sides: float = 0.0
    told_sides: float = 1.0
    headline_sides: float = 0.5
    plain_headline: float = 0.05
    old_jobs: tuple[float, ...] = ()
    own_first: int = 0
    generic: float = 0.12
    negative: float = 0.035
    distraction: tuple[float, ...] = ()
    distraction_unlabelled: tuple[float, ...] = ()
    wishes: float = 0.0
    courses: float = 0.0
    borrowed_skills: float = 0.0
    shuffled_skills: float = 0.5
    scanned: float = 0.05
    two_columns: float = 0.0
    second_versions: float = 0.0
    wrong_labels: float = 0.0


# The sample that comes with the package.
EASY = Difficulty()
# As hard, and in the ways, as real résumés are.
HARD = Difficulty(
    longest=2400,
    length=_as_real_ones,
    unlabelled=60.0,
    longest_unlabelled=500,
    most_jobs=9,
    words_a_job=110,
    vague=0.15,
    vague_late=0.15,
    vague_sides=0.15,
    told_sides=0.5,
    headline_sides=0.25,
    plain_headline=0.4,
    old_jobs=(0.1, 0.2, 0.5, 1.0),
    own_first=1,
    generic=0.2,
    negative=0.02,
    distraction=(0.4, 0.5, 0.6, 0.7),
    distraction_unlabelled=(0.3, 0.5, 0.7),
    wishes=0.8,
    courses=0.8,
    borrowed_skills=1.0,
    shuffled_skills=0.8,
    scanned=0.08,
    two_columns=0.04,
    second_versions=0.04,
    wrong_labels=0.025,
)
