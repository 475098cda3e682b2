"""Which labels go together, and how often.

The frequencies of label sets are those of the reference corpus, ``florex/resume_corpus``, rounded.
"""

from random import Random

LABELS = (
    "Software_Developer",
    "Web_Developer",
    "Systems_Administrator",
    "Project_manager",
    "Network_Administrator",
    "Front_End_Developer",
    "Database_Administrator",
    "Java_Developer",
    "Security_Analyst",
    "Python_Developer",
)

MOST_LABELS = 5

# Each of these is a kind of software developer; the reference labels both.
_KINDS_OF_SOFTWARE = frozenset((1, 5, 7, 9))

# Sets as digits, the places of their labels in LABELS, with their frequency in one thousand.
_WEIGHTS = """
01 81.0  3 78.6  2 78.3  6 74.3  0 67.2  015 65.0  09 62.0  8 52.3  07 51.6  24 50.4  4 49.7  05
46.0 017 31.1  - 25.1  019 11.5  23 10.6  28 10.1  03 10.0  48 9.9  38 8.5  26 8.2  34 8.2  234 8.2
079 7.5  248 6.3  0157 5.8  06 5.5  057 4.6  02 4.2  013 3.8  016 3.7  36 3.3  012 2.9  0135 2.6
0179 2.4  348 2.1  46 1.9  2348 1.9  059 1.8  0159 1.8  68 1.8  238 1.8  035 1.7  029 1.5  014 1.5
246 1.5  08 1.4  026 1.4  04 1.4  027 1.2  023 1.0  024 1.0  236 0.9  039 0.9  0125 0.8  037 0.8
036 0.7  025 0.7  069 0.7  038 0.6  0169 0.6  268 0.5  0129 0.5  0139 0.5  0123 0.5  018 0.5
01235 0.6  01579 0.5  * 13.0
"""


def _weights(unlabelled: float) -> dict[str, float]:
    words = _WEIGHTS.split()
    found = {words[at]: float(words[at + 1]) for at in range(0, len(words), 2)}
    found["-"] = unlabelled
    return found


def _rare_set(known: list[str], rng: Random) -> tuple[int, ...]:
    """Draw a known set with one or two more labels."""
    while True:
        chosen = {int(digit) for digit in rng.choice(known)}
        chosen |= {rng.randrange(len(LABELS)) for _ in range(rng.choice((1, 1, 2)))}
        if chosen & _KINDS_OF_SOFTWARE:
            chosen.add(0)
        if len(chosen) <= MOST_LABELS:
            return tuple(sorted(chosen))


def label_sets(count: int, rng: Random, unlabelled: float = 25.1) -> list[tuple[str, ...]]:
    """Return ``count`` sets of labels, each in the order of ``LABELS``, in random order.

    ``unlabelled`` is the weight of the empty set; that of the reference corpus is 25.1.

    Every set comes as often as its frequency says, rounded by largest remainder, so that a sample
    of 1,200 keeps the prevalences without the luck of the draw.
    """
    weights = _weights(unlabelled)
    total = sum(weights.values())
    exact = {name: count * weight / total for name, weight in weights.items()}
    counts = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_remainder[: count - sum(counts.values())]:
        counts[name] += 1
    known = [name for name in weights if name not in "-*"]
    drawn: list[tuple[int, ...]] = []
    for name, times in counts.items():
        for _ in range(times):
            if name == "*":
                drawn.append(_rare_set(known, rng))
            else:
                drawn.append(() if name == "-" else tuple(int(digit) for digit in name))
    rng.shuffle(drawn)
    return [tuple(LABELS[place] for place in places) for places in drawn]
