"""Iterative stratification: parts of a data set with like shares of every label.

Sechidis, Tsoumakas & Vlahavas 2011, "On the stratification of multi-label data" (ECML PKDD), for
single labels; Szymański & Kajdanowicz 2017, "A network perspective on stratification of multi-label
data" (PMLR 74), for pairs of labels as well. Here whole groups of documents are dealt out.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from resumebert.data.arrays import Floats, Groups, Ints, Labels
from resumebert.utils.errors import UserError

# Groups of either part that one step of the refinement looks at.
_EXCHANGE_SAMPLE = 256
_MOST_EXCHANGES = 1000

# What is to be spread evenly: a label (i,), or two labels together (i, j).
Evidence = tuple[int, ...]


def stratify(
    labels: Labels,
    groups: Groups,
    shares: Sequence[float],
    seed: int | Sequence[int],
    *,
    order: int = 2,
) -> Ints:
    """Deal groups out to parts so that each label's documents are spread by the parts' shares.

    Each step takes the evidence (a label; with ``order`` 2 also a pair of labels) that the fewest
    documents left have. It gives each group with it to the part that still lacks the most of this
    evidence; at a tie the most documents; at a tie again by lot. Groups without evidence come last.

    Six things differ from the papers. A group counts with the number of its documents that have the
    evidence, and large groups go first. To have no label counts as one more label: else these
    documents, which come last, would fill up the parts. So does having duplicates: else the largest
    part, which lacks the most of everything at first, would get all groups of them. A part that
    has its share of documents gets no more, so the sizes hold whatever the labels. Pairs so rare
    that the smallest part would not get one are left out: all would go to the largest part. In the
    end :func:`_refine` evens out, by exchanges, what the last groups were forced into.

    Args:
        labels: (n, L) of 0 and 1.
        groups: (n,) group number of each document.
        shares: of the documents, one for each of the k parts, adding up to 1.
        seed: decides between groups alike and between parts at a tie.
        order: 1 for labels, 2 for pairs of labels as well; else a UserError is raised.

    Returns:
        (n,) part numbers, 0 to k - 1.
    """
    if order not in (1, 2):
        raise UserError(
            f"data.split.order={order}: choose 1 to stratify by labels, or 2 to stratify by pairs "
            "of labels as well."
        )
    numbers, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sizes = counts.tolist()
    unlabelled = ~labels.any(axis=1)
    marks = [counts[place] > 1] + [unlabelled] * bool(unlabelled.any())
    labels = np.column_stack([labels, *marks])
    rarest_pair = 1 / min(share for share in shares if share > 0)
    contents = _contents(labels, place, len(numbers), rarest_pair if order == 2 else np.inf)
    generator = np.random.default_rng(seed)
    lots = generator.random((len(numbers), len(shares))).tolist()
    turns = generator.permutation(len(numbers)).tolist()
    turns.sort(key=lambda group: -sizes[group])
    part_of = np.array(_deal(contents, sizes, shares, lots, turns), dtype=np.int64)
    sums = np.zeros((len(numbers), labels.shape[1] + 1))
    np.add.at(sums[:, :-1], place, labels)
    sums[:, -1] = sizes
    return _refine(part_of, sums, shares, generator)[place]


def _contents(
    labels: Labels, place: Ints, count: int, rarest_pair: float
) -> list[Counter[Evidence]]:
    """Return for each of ``count`` groups how many of its documents have which evidence.

    ``place`` is (n,) each document's group, from 0. A pair of labels is evidence if ``rarest_pair``
    documents or more have it.
    """
    # Few sets of labels occur, so what follows from one is worked out once.
    sets, set_of, documents = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    held = [np.flatnonzero(row).tolist() for row in sets]
    pairs: Counter[Evidence] = Counter()
    for names, number in zip(held, documents.tolist(), strict=True):
        if rarest_pair < len(labels):
            pairs.update(dict.fromkeys(combinations(names, 2), number))
    evidence = [
        [(name,) for name in names]
        + [pair for pair in combinations(names, 2) if pairs[pair] >= rarest_pair]
        for names in held
    ]
    contents: list[Counter[Evidence]] = [Counter() for _ in range(count)]
    for group, number in zip(place.tolist(), set_of.tolist(), strict=True):
        contents[group].update(evidence[number])
    return contents


def _deal(
    contents: list[Counter[Evidence]],
    sizes: list[int],
    shares: Sequence[float],
    lots: list[list[float]],
    turns: list[int],
) -> list[int]:
    """Return the part of each group, dealt out in ``turns``, those of the rarest evidence first."""
    left: Counter[Evidence] = Counter()
    for content in contents:
        left.update(content)
    lacking = [{held: share * left[held] for held in left} for share in shares]
    lacking_documents = [share * sum(sizes) for share in shares]
    parts = [part for part, share in enumerate(shares) if share > 0]
    part_of = [-1] * len(contents)

    def give(group: int, evidence: Evidence | None) -> None:
        """Give a group, unless it is given already, to the part that lacks its evidence most."""
        if part_of[group] >= 0:
            return
        # At most half of a group may come on top of a part's share: it is the nearest one can get.
        open_parts = [part for part in parts if lacking_documents[part] >= sizes[group] / 2]
        if not open_parts:
            open_parts, evidence = parts, None

        def need(part: int) -> tuple[float, float, float]:
            lack = 0.0 if evidence is None else lacking[part][evidence]
            return lack, lacking_documents[part], lots[group][part]

        chosen = part_of[group] = max(open_parts, key=need)
        lacking_documents[chosen] -= sizes[group]
        for held, count in contents[group].items():
            lacking[chosen][held] -= count
            if held in left:
                left[held] -= count

    having: dict[Evidence, list[int]] = {evidence: [] for evidence in left}
    for group in turns:
        for evidence in contents[group]:
            having[evidence].append(group)
    while left:
        rarest = min(left, key=lambda evidence: (left[evidence], evidence))
        for group in having[rarest]:
            give(group, rarest)
        del left[rarest]
    for group in turns:
        give(group, None)
    return part_of


def _refine(
    part_of: Ints, sums: Floats, shares: Sequence[float], generator: np.random.Generator
) -> Ints:
    """Exchange groups between parts as long as that brings the labels nearer to their shares.

    What is made smaller is the sum of the squared relative deviations of each part's labels, and of
    its size, which counts as much as all of them. Each step looks at two parts, and at random
    groups of them if they are large, and makes the one exchange that helps most. Of a part that is
    too large, by more than a document against the other, a group may be exchanged for nothing.

    ``part_of`` is (g,) part of each group; ``sums`` (g, L + 1) documents of each group with each
    label, and in the last column, documents.
    """
    nothing = len(part_of)
    sums = np.vstack([sums, np.zeros((1, sums.shape[1]))])
    part_of = np.append(part_of, -1)
    wanted = np.outer(shares, sums.sum(axis=0))
    weights = np.divide(1.0, wanted**2, out=np.zeros_like(wanted), where=wanted > 0)
    # A part's size is in the prevalence of each of its labels.
    weights[:, -1] *= weights.shape[1]
    surplus = np.stack([sums[part_of == part].sum(axis=0) for part in range(len(shares))]) - wanted
    pairs = list(combinations([part for part, share in enumerate(shares) if share > 0], 2))
    exchanges = idle = 0
    while idle < len(pairs) and exchanges < _MOST_EXCHANGES:
        one, other = pair = list(pairs[(exchanges + idle) % len(pairs)])
        members = [_sample(np.flatnonzero(part_of == part), generator) for part in pair]
        larger_by = surplus[one, -1] - surplus[other, -1]
        if abs(larger_by) > 1:
            smaller = 1 if larger_by > 0 else 0
            members[smaller] = np.append(members[smaller], nothing)
        found = _best_exchange(sums[members[0]], sums[members[1]], surplus[pair], weights[pair])
        if found is None:
            idle += 1
            continue
        leaves, enters = members[0][found[0]], members[1][found[1]]
        part_of[leaves], part_of[enters] = other, one
        part_of[nothing] = -1
        surplus[one] += sums[enters] - sums[leaves]
        surplus[other] -= sums[enters] - sums[leaves]
        exchanges, idle = exchanges + 1, 0
    return part_of[:nothing]


def _best_exchange(
    ones: Floats, others: Floats, surplus: Floats, weights: Floats
) -> tuple[int, int] | None:
    """Return which of the (a, L + 1) ``ones`` to exchange for which of the (b, L + 1) ``others``.

    With d the one less the other, the weighted squares of the two parts' surplus change by
    (w1 + w2) d² - 2 (w1 s1 - w2 s2) d, summed over labels. None: no exchange makes them smaller.
    """
    if not len(ones) or not len(others):
        return None
    square = weights.sum(axis=0)
    linear = 2 * (weights[0] * surplus[0] - weights[1] * surplus[1])
    change = (
        (ones**2 @ square - ones @ linear)[:, None]
        + (others**2 @ square + others @ linear)[None]
        - 2 * (ones * square) @ others.T
    )
    best = int(change.argmin())
    return divmod(best, len(others)) if change.flat[best] < -1e-9 else None


def _sample(members: Ints, generator: np.random.Generator) -> Ints:
    if len(members) <= _EXCHANGE_SAMPLE:
        return members
    return members[generator.integers(len(members), size=_EXCHANGE_SAMPLE)]
