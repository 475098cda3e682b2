"""What scanners, web forms and hurried writers do to a résumé."""

import re
import textwrap
from random import Random

from tools.make_sample.difficulty import Difficulty

_WORD = re.compile(r"(?<![\w@./-])[a-z]{5,}(?![\w@./-])")


def _typo(word: str, rng: Random) -> str:
    at = rng.randint(1, len(word) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def add_typos(text: str, rate: float, rng: Random) -> str:
    """Misspell a share of the lower-case words; names, numbers and addresses stay whole."""
    return _WORD.sub(lambda match: _typo(match[0], rng) if rng.random() < rate else match[0], text)


def _scanned(text: str, rng: Random) -> str:
    """Break lines where a scanned page breaks them."""
    width = rng.randint(58, 84)
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(lines)


def _two_columns(text: str, rng: Random) -> str:
    """Run two columns of a page together, as a reader of PDF files does that goes by lines."""
    lines = _scanned(text, rng).split("\n")
    half = (len(lines) + 1) // 2
    gap = rng.choice(("   ", " ", "    "))
    right = [*lines[half:], ""]
    return "\n".join(
        f"{line}{gap}{other}".strip() for line, other in zip(lines[:half], right, strict=False)
    )


def _entities(text: str) -> str:
    swaps = {"&": "&amp;", "•": "&bull;", "–": "&ndash;", "'": "&#39;", "·": "&middot;"}
    return "".join(swaps.get(letter, letter) for letter in text)


def add_noise(text: str, name: str, how: Difficulty, rng: Random) -> str:
    """Return the text with the flaws of a real one; ``name`` stays as it is."""
    if rng.random() < 0.14:
        text = add_typos(text, rng.uniform(0.004, 0.02), rng)
    broken = rng.random()
    if broken < how.scanned:
        text = _scanned(text, rng)
    elif broken < how.scanned + how.two_columns:
        text = _two_columns(text, rng)
    if rng.random() < 0.05:
        text = re.sub(r"[•▪◦]", "?", text)
    if rng.random() < 0.1:
        rate = rng.uniform(0.02, 0.1)
        text = re.sub(r"(?<=[,.;:]) ", lambda _: "  " if rng.random() < rate else " ", text)
    if rng.random() < 0.03 and name not in text:
        text = text.lower()
    if rng.random() < 0.3:
        rate = rng.uniform(0.01, 0.06)
        text = re.sub(r"(?<=[,.;:•|]) ", lambda _: "\xa0" if rng.random() < rate else " ", text)
    if rng.random() < 0.04:
        text = re.sub(r"\n(?=\S)", "\r\n", text)
    if rng.random() < 0.025:
        text = _entities(text)
    if rng.random() < 0.08:
        text = text.rstrip() + rng.choice((" ", "\n\n", "\xa0", " \n"))
    return text
