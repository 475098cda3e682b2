"""The texts of the worst errors, with what decided them marked."""

from collections.abc import Sequence

from markupsafe import Markup

from resumebert.charts.highlights import Mark, highlighted
from resumebert.evaluation.worst_errors import ErrorExample, Window, WordSpan

# Characters of a text that a report holds, and that it shows at once.
MAX_CHARACTERS = 8_000
EXCERPT = 420


def marked_texts(example: ErrorExample, label_names: Sequence[str]) -> tuple[Markup, Markup | None]:
    """Return the beginning that matters of a text, and the text; None if there is no more of it."""
    end = min(len(example.text), MAX_CHARACTERS)
    if end <= EXCERPT:
        return _marked(example, label_names, 0, end), None
    begin = _where_to_begin(example)
    excerpt = _marked(example, label_names, begin, min(begin + EXCERPT, end))
    return excerpt, _marked(example, label_names, 0, end)


def _deciding(example: ErrorExample) -> list[tuple[Window, list[str]]]:
    """Return the windows that decided mistakes, with the labels of these."""
    found: dict[int, list[str]] = {}
    for mistake in example.mistakes:
        if mistake.window is not None:
            found.setdefault(mistake.window, []).append(mistake.label)
    return [(example.windows[place], labels) for place, labels in sorted(found.items())]


def _where_to_begin(example: ErrorExample) -> int:
    """Return where the excerpt begins: before a wrong label's name, else where it was decided."""
    wrong = {mistake.label for mistake in example.mistakes}
    starts = [span.start for span in example.spans if span.label in wrong]
    starts += [window.start + EXCERPT // 3 for window, _ in _deciding(example)]
    if not starts or starts[0] < EXCERPT:
        return 0
    begin = min(starts[0], MAX_CHARACTERS) - EXCERPT // 3
    # At the beginning of a word, if one is near.
    return example.text.find(" ", begin, begin + 30) + 1 or begin


def _marked(example: ErrorExample, label_names: Sequence[str], begin: int, end: int) -> Markup:
    """Return a part of the text, escaped, with label names and deciding windows marked."""
    columns = {name: column for column, name in enumerate(label_names)}
    names = [
        Mark(s.start, s.end, "mark", {"class": f"l{columns[s.label] % 10}", "title": s.label})
        for s in _disjoint([s for s in example.spans if s.label in columns], begin, end)
    ]
    words = [
        Mark(word.start, word.end, "u", {"class": "for" if word.weight > 0 else "against"})
        for mistake in example.mistakes
        for word in mistake.words
    ]
    windows = [
        Mark(window.start, window.end, "span",
             {"class": "window", "title": f"the window that decided {', '.join(labels)}"})
        for window, labels in _deciding(example)
    ]  # fmt: skip
    before, after = ("… " if begin else ""), (" …" if end < len(example.text) else "")
    marked = highlighted(example.text, [names, words, windows], begin, end)
    return Markup("{}{}{}").format(before, marked, after)


def _disjoint(spans: Sequence[WordSpan], begin: int, end: int) -> list[WordSpan]:
    """Return the spans in a part of a text; of overlapping ones the first, then the longest."""
    kept: list[WordSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start >= (kept[-1].end if kept else begin) and span.end <= end:
            kept.append(span)
    return kept
