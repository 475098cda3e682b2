"""Where in a document its labels show, by a quick linear model over its tokens.

A résumé has a label because of a few words somewhere in it. A window drawn at random mostly lacks
them, and then its target is noise; docs/results.md has what that costs. So training draws windows
by the evidence in them, as a linear model over tokens and pairs of tokens sees it. CogLTX likewise
trains on the blocks that a judge finds telling (Ding et al., "CogLTX: applying BERT to long texts",
2020). The model that is trained never sees these numbers, and evaluation reads all windows.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from resumebert.data.arrays import Floats, Ints, Labels, TokenIds
from resumebert.data.cache import get_or_build, load_arrays, save_arrays
from resumebert.data.source_code import code_digest
from resumebert.data.tokenization import TokenizedTexts

# Tokens and pairs of them share so many weights by hashing (Weinberger et al., "Feature hashing for
# large scale multitask learning", 2009): those of 20,000 résumés seldom collide.
FEATURES = 2**19
# Enough to find the words of a label; memory and time stay bounded whatever the corpus.
FIT_DOCUMENTS = 20_000
# What fewer documents hold tells documents apart, not labels.
MIN_DOCUMENTS = 3
# Of the scores' standard deviation within a document. At 0 the same windows came each epoch.
TEMPERATURE = 0.3
# Odd multipliers, so that a token and a pair of tokens land anywhere in the table.
_TOKEN, _FIRST, _SECOND = 2_654_435_761, 1_000_003, 805_459_861


@dataclass(frozen=True)
class Evidence:
    """A linear model of L labels over hashed tokens and pairs of tokens."""

    weights: npt.NDArray[np.float32]  # (L, FEATURES)

    def of_windows(self, ids: TokenIds, spans: Ints) -> Floats:
        """Return (W,) what the windows of a document tell of the label they tell most of.

        ``spans`` are (W, 2), as of :func:`resumebert.data.windows.window_spans`. A pair of tokens
        tells half of what it tells at each of the two.
        """
        tokens, pairs = _features(ids)
        evidence = self.weights[:, tokens]
        halves = self.weights[:, pairs] / 2
        evidence[:, :-1] += halves
        evidence[:, 1:] += halves
        sums = np.maximum(evidence, 0).cumsum(axis=1, dtype=np.float64)
        sums = np.pad(sums, ((0, 0), (1, 0)))
        scores: Floats = (sums[:, spans[:, 1]] - sums[:, spans[:, 0]]).max(axis=0)
        return scores

    def draw(
        self, ids: TokenIds, spans: Ints, count: int, generator: np.random.Generator
    ) -> npt.NDArray[np.intp]:
        """Draw ``count`` of W windows without replacement, the telling ones likelier, in order.

        A window's chance goes with exp(score / temperature), drawn by the largest scores with
        Gumbel noise (Kool et al., "Stochastic beams and where to find them", 2019).
        """
        scores = self.of_windows(ids, spans)
        spread = scores.std()
        if spread > 0:
            scores = scores / (TEMPERATURE * spread)
        noisy = scores + generator.gumbel(size=len(scores))
        return np.sort(np.argsort(-noisy)[:count])


def get_evidence(
    tokens: TokenizedTexts, labels: Labels, index: Ints, seed: int, key: Mapping[str, Any] | None
) -> Evidence:
    """Return :func:`fit_evidence` of these arguments, from the cache if it is there.

    ``key`` holds all that tokens, labels and index depend on, as plain JSON; None: without cache.
    """
    if key is None:
        return fit_evidence(tokens, labels, index, seed)

    def build(folder: Path) -> None:
        save_arrays(folder, weights=fit_evidence(tokens, labels, index, seed).weights)

    key = {**key, "seed": seed, "code": code_digest(fit_evidence)}
    return Evidence(np.asarray(load_arrays(get_or_build("evidence", key, build))["weights"]))


def fit_evidence(tokens: TokenizedTexts, labels: Labels, index: Ints, seed: int) -> Evidence:
    """Fit the linear model: a support vector machine a label, on TF-IDF.

    Args:
        tokens: of all documents.
        labels: (n, L) of all documents.
        index: positions of the training documents; of more than :data:`FIT_DOCUMENTS`, so many are
            drawn.
        seed: of that draw.
    """
    if len(index) > FIT_DOCUMENTS:
        drawn = np.random.default_rng(seed).choice(index, FIT_DOCUMENTS, replace=False)
        index = np.sort(drawn)
    counts = _log_counts(tokens, index)
    frequencies = np.bincount(counts.indices, minlength=FEATURES)
    rarity = np.log((1 + len(index)) / (1 + frequencies)) + 1
    rarity[frequencies < (MIN_DOCUMENTS if len(index) >= 1000 else 1)] = 0
    documents = counts.multiply(rarity).tocsr().astype(np.float32)
    documents.eliminate_zeros()
    norms = np.sqrt(documents.multiply(documents).sum(axis=1)).A1
    documents = sp.diags((1 / np.maximum(norms, 1e-12)).astype(np.float32)) @ documents
    weights = np.zeros((labels.shape[1], FEATURES), dtype=np.float32)
    for label, column in enumerate(labels[index].T):
        if column.size and column.min() < column.max():
            model = LinearSVC(C=1.0, tol=0.01, max_iter=200, random_state=0)
            with warnings.catch_warnings():
                # Which words tell is settled long before the last digit of their weights.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(documents, column)
            weights[label] = model.coef_[0] * rarity
    return Evidence(weights)


def _features(ids: TokenIds) -> tuple[Ints, Ints]:
    """Return (T,) places of the tokens in the table of weights, and (T − 1,) of the pairs."""
    wide = ids.astype(np.int64)
    return wide * _TOKEN % FEATURES, (wide[:-1] * _FIRST + wide[1:] * _SECOND) % FEATURES


def _log_counts(tokens: TokenizedTexts, index: Ints) -> sp.csr_matrix:
    """Return (n, FEATURES) 1 + log of how often each document has a feature."""
    places, values, ends = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)], [0]
    for position in index.tolist():
        found, times = np.unique(np.concatenate(_features(tokens[position])), return_counts=True)
        places.append(found.astype(np.int32))
        values.append((1 + np.log(times)).astype(np.float32))
        ends.append(ends[-1] + len(found))
    shape = (len(index), FEATURES)
    return sp.csr_matrix((np.concatenate(values), np.concatenate(places), ends), shape=shape)
