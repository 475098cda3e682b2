"""Second versions of a résumé, and labels that are wrong: what collections of real ones hold."""

import re
from collections.abc import Sequence
from random import Random

from tools.make_sample.label_sets import LABELS

# Of its lines, or of the sentences where it has few lines, a second version lacks this part.
_LEFT_OUT = 0.06
_MONTHS = ("January", "March", "May", "June", "September", "November")


def second_version(text: str, rng: Random) -> str:
    """Return a text as its person sent it some months later: a few lines fewer, a line more."""
    lines = text.split("\n")
    joint = "\n"
    if len(lines) < 12:
        lines, joint = re.split(r"(?<=[.;]) ", text), " "
    kept = [
        line
        for place, line in enumerate(lines)
        if place < 2 or len(line.split()) < 4 or rng.random() > _LEFT_OUT
    ]
    stamp = f"{rng.choice(_MONTHS)} {rng.randint(2015, 2023)}"
    kept.append(rng.choice((f"Updated {stamp}", f"Version of {stamp}", f"Status: {stamp}")))
    return joint.join(kept)


def wrong_labels(labels: Sequence[str], rng: Random) -> tuple[str, ...]:
    """Return labels with an annotator's mistake: one missing, too many, or in place of another."""
    chosen = set(labels)
    others = [label for label in LABELS if label not in chosen]
    kind = rng.choice(("missing", "added", "exchanged"))
    if (kind != "added" and len(chosen) > 1) or (kind == "exchanged" and chosen):
        chosen.remove(rng.choice(sorted(chosen)))
    if kind != "missing" or set(labels) == chosen:
        chosen.add(rng.choice(others))
    return tuple(label for label in LABELS if label in chosen)
