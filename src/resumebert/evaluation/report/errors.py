"""The worst errors: which documents they are, and their texts with what decided marked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from resumebert.evaluation.report.content import ErrorExample, LabelWord
from resumebert.evaluation.results import SplitResult, Window

WORST = 20
# Characters of a text that a report holds, and that it shows at once.
MAX_CHARACTERS = 12_000
EXCERPT = 420


@dataclass(frozen=True)
class Verdict:
    """What the model said of one label of a document."""

    label: str
    kind: str
    probability: float
    threshold: float


@dataclass(frozen=True)
class ShownError:
    """An error ready for the page."""

    id: str
    verdicts: list[Verdict]
    excerpt: Markup
    text: Markup
    characters: int
    cut: bool
    deciding: list[str]


def worst_documents(result: SplitResult, count: int = WORST) -> list[int]:
    """Return the rows of the documents with the worst wrong labels, worst first.

    The measure is how unlikely the calibrated probabilities make the truth of the labels that are
    decided wrongly: their summed negative log-likelihood. Of copies only the worst is taken.
    """
    wrong = result.predicted != result.truth
    likely = np.where(result.truth, result.probabilities, 1 - result.probabilities)
    cost = np.where(wrong, -np.log(np.maximum(likely, 1e-12)), 0.0).sum(axis=1)
    found: dict[int, int] = {}
    for row in np.argsort(-cost, kind="stable").tolist():
        if not wrong[row].any() or len(found) == count:
            break
        found.setdefault(int(result.groups[row]), row)
    return list(found.values())


def find_label_words(text: str, label_names: Sequence[str]) -> list[LabelWord]:
    """Find where the names of labels stand in a text, whatever their case and separators.

    Args:
        text: to search.
        label_names: such as ``Java_Developer``, which "JAVA developers" names as well.
    """
    found = []
    for name in label_names:
        words = [re.escape(word) for word in re.split(r"[\W_]+", name) if word]
        if not words:
            continue
        pattern = r"(?<!\w)" + r"[\W_]{1,3}".join(words) + r"(?:s|es)?(?!\w)"
        found += [
            LabelWord(match.start(), match.end(), name)
            for match in re.finditer(pattern, text, re.IGNORECASE)
        ]
    return sorted(found, key=lambda word: (word.start, -word.end))


def error_examples(
    result: SplitResult,
    rows: Sequence[int],
    texts: Sequence[str],
    windows: Sequence[Sequence[Window]] | None = None,
    words: Sequence[Sequence[LabelWord]] | None = None,
) -> list[ErrorExample]:
    """Put together what the report shows of errors.

    Args:
        result: of a split.
        rows: which of its documents, such as :func:`worst_documents` gives.
        texts: theirs, in the same order.
        windows: theirs, if the model that read them is at hand.
        words: where labels are named in each; None: :func:`find_label_words` looks.
    """
    names = np.array(result.label_names, dtype=object)
    return [
        ErrorExample(
            id=str(result.ids[row]),
            text=texts[place],
            true=names[result.truth[row]].tolist(),
            predicted=names[result.predicted[row]].tolist(),
            probabilities=dict(
                zip(result.label_names, result.probabilities[row].tolist(), strict=True)
            ),
            windows=windows[place] if windows is not None else (),
            words=(
                words[place]
                if words is not None
                else find_label_words(texts[place], result.label_names)
            ),
        )
        for place, row in enumerate(rows)
    ]


def shown_error(
    example: ErrorExample, label_names: Sequence[str], thresholds: Mapping[str, float]
) -> ShownError:
    """Return an example with its verdicts in words and its text marked."""
    kinds = (
        ("missed", [n for n in label_names if n in example.true and n not in example.predicted]),
        (
            "wrongly given",
            [n for n in label_names if n in example.predicted and n not in example.true],
        ),
        ("right", [n for n in label_names if n in example.predicted and n in example.true]),
    )
    verdicts = [
        Verdict(name, kind, example.probabilities[name], thresholds[name])
        for kind, names in kinds
        for name in names
    ]
    wrong = [verdict.label for verdict in verdicts if verdict.kind != "right"]
    deciding = _deciding(example.windows, wrong, label_names)
    end = min(len(example.text), MAX_CHARACTERS)
    begin = _where_to_begin(example, deciding, wrong)
    return ShownError(
        id=example.id,
        verdicts=verdicts,
        excerpt=_marked(example, deciding, label_names, begin, min(begin + EXCERPT, end)),
        text=_marked(example, deciding, label_names, 0, end),
        characters=len(example.text),
        cut=end < len(example.text),
        deciding=[
            f"{' and '.join(labels)}: characters {window.start:,} to {window.end:,}"
            for window, labels in deciding
        ],
    )


def _deciding(
    windows: Sequence[Window], wrong: Sequence[str], label_names: Sequence[str]
) -> list[tuple[Window, list[str]]]:
    """Return for each wrong label the window with its highest logit; one window, many labels."""
    if len(windows) < 2:
        return []
    found: dict[int, list[str]] = {}
    for name in wrong:
        column = list(label_names).index(name)
        best = max(range(len(windows)), key=lambda place: windows[place].logits[column])
        found.setdefault(best, []).append(name)
    return [(windows[place], labels) for place, labels in sorted(found.items())]


def _where_to_begin(
    example: ErrorExample, deciding: list[tuple[Window, list[str]]], wrong: list[str]
) -> int:
    """Return where the excerpt begins: before a wrong label's words, else where it was decided."""
    starts = [word.start for word in example.words if word.label in wrong]
    starts += [window.start + EXCERPT // 3 for window, _ in deciding]
    if not starts or starts[0] < EXCERPT:
        return 0
    begin = min(starts[0] - EXCERPT // 3, MAX_CHARACTERS - EXCERPT)
    space = example.text.find(" ", begin, begin + 30)
    return max(0, space + 1 if space >= 0 else begin)


def _marked(
    example: ErrorExample,
    deciding: list[tuple[Window, list[str]]],
    label_names: Sequence[str],
    begin: int,
    end: int,
) -> Markup:
    """Return a part of the text, escaped, with label words and deciding windows marked."""
    columns = {name: column for column, name in enumerate(label_names)}
    words, last = [], begin
    for word in example.words:
        # Of words inside others, the longest and first is marked.
        if word.label in columns and word.start >= last and word.end <= end:
            words.append(word)
            last = word.end
    edges = {begin, end}
    spans = [(word.start, word.end) for word in words]
    spans += [(window.start, window.end) for window, _ in deciding]
    edges |= {edge for span in spans for edge in span if begin < edge < end}
    pieces = []
    cuts = sorted(edges)
    for start, stop in pairwise(cuts):
        piece = Markup("{}").format(example.text[start:stop])
        for word in words:
            if word.start <= start and stop <= word.end:
                piece = Markup('<mark class="l{}" title="{}">{}</mark>').format(
                    columns[word.label] % 10, word.label, piece
                )
        labels = [label for w, names in deciding if w.start <= start < w.end for label in names]
        if labels:
            told = f"the window that decided {', '.join(labels)}"
            piece = Markup('<span class="window" title="{}">{}</span>').format(told, piece)
        pieces.append(piece)
    before, after = ("… " if begin else ""), (" …" if end < len(example.text) else "")
    return Markup("{}{}{}").format(before, Markup("").join(pieces), after)
