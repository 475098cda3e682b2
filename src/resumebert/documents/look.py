"""How a text looks, as far as it tells whether a person can see it."""

import re
from dataclasses import dataclass

# Points. Nobody reads text below it, and no printed document has it.
SMALLEST = 4.0
# Of 255. Two colours that differ less in each channel look the same on paper.
_LEAST_CONTRAST = 16

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
_NAMES = {"white": WHITE, "black": (0, 0, 0), "snow": (255, 250, 250), "ivory": (255, 255, 240)}


@dataclass(frozen=True)
class Look:
    """The look of a run of text; None where it is unknown. Sizes are in points.

    It ``vanishes`` if it is marked as hidden; the ``backdrop`` is the colour behind the letters.
    What is unknown can be seen.
    """

    vanishes: bool = False
    colour: Colour | None = None
    size: float | None = None
    backdrop: Colour | None = WHITE

    @property
    def is_hidden(self) -> bool:
        """Whether a person can't see text with this look."""
        if self.vanishes or (self.size is not None and self.size < SMALLEST):
            return True
        if self.colour is None or self.backdrop is None:
            return False
        pairs = zip(self.colour, self.backdrop, strict=True)
        return max(abs(a - b) for a, b in pairs) < _LEAST_CONTRAST


def colour_of(text: str | None) -> Colour | None:
    """Return a colour written as ``#fff``, ``FFFFFF``, ``white`` or ``rgb(255, 255, 255)``."""
    text = (text or "").strip().lower()
    if text in _NAMES:
        return _NAMES[text]
    if found := re.fullmatch(r"rgba?\((\d+)[\s,]+(\d+)[\s,]+(\d+).*\)", text):
        red, green, blue = (min(int(part), 255) for part in found.groups())
        return red, green, blue
    digits = text.removeprefix("#")
    if re.fullmatch(r"[0-9a-f]{3}", digits):
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch(r"[0-9a-f]{6}", digits):
        return None
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
