"""Where the values of a setting lie on an axis from 0 to 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Value = str | float | int | bool | None
Ticks = list[tuple[float, str]]

# Positive numbers whose largest is so many times the smallest are drawn on a log scale.
LOG_FROM = 20
SCIENTIFIC_BELOW = 1e-3


@dataclass(frozen=True)
class Scale:
    """Numbers from ``low`` at 0 to ``high`` at 1, or ``words``, if there are any, side by side.

    On a log scale equal ratios, rather than equal differences, are equally far apart.
    """

    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False

    def at(self, value: Value) -> float:
        """Return a value's place."""
        if self.words:
            return (self.words.index(value_words(value)) + 0.5) / len(self.words)
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(float(value)) - low) / (high - low)  # type: ignore[arg-type]

    def ticks(self) -> Ticks:
        """Return places and what to write there."""
        if self.words:
            return [(self.at(word), word) for word in self.words]
        if self.is_log:
            values = [self.low, math.sqrt(self.low * self.high), self.high]
        else:
            values = round_values(self.low, self.high)
        return [(self.at(value), value_words(float(f"{value:.3g}"))) for value in values]

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.is_log else value


def scale_of(values: Sequence[Value], *, as_words: bool = False) -> Scale:
    """Return a scale that holds the values; ``as_words`` puts numbers side by side too."""
    ordered = in_order(values)
    if as_words or not all_numbers(ordered):
        return Scale(tuple(dict.fromkeys(value_words(value) for value in ordered)))
    low, high = float(ordered[0]), float(ordered[-1])  # type: ignore[arg-type]
    if low == high:
        margin = abs(low) * 0.05 or 0.05
        return Scale(low=low - margin, high=high + margin)
    return Scale(low=low, high=high, is_log=low > 0 and high / low >= LOG_FROM)


def metric_scale(values: Sequence[float]) -> Scale:
    """Return a scale with some room around the values."""
    margin = 0.06 * (max(values) - min(values)) or 0.02
    return Scale(low=min(values) - margin, high=max(values) + margin)


def in_order(values: Sequence[Value]) -> list[Value]:
    """Return the distinct values of a key: numbers by size, words in the order they came."""
    distinct = list(dict.fromkeys(values))
    return sorted(distinct) if all_numbers(distinct) else distinct  # type: ignore[type-var]


def all_numbers(values: Sequence[Value]) -> bool:
    """Tell whether all values are numbers."""
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def value_words(value: Value) -> str:
    """Write a setting as one types it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        small = value != 0 and abs(value) < SCIENTIFIC_BELOW
        return f"{float(mantissa):g}e{int(exponent)}" if small else f"{value:.4g}"
    return str(value)


def round_values(low: float, high: float) -> list[float]:
    """Return three to six multiples of a round number between two numbers."""
    power = 10.0 ** math.floor(math.log10((high - low) / 2))
    for factor in (5, 2.5, 2, 1, 0.5):
        step = power * factor
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first >= 2:
            break
    return [step * number for number in range(first, last + 1)]
