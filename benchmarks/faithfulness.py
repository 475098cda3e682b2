"""Whether the words of an explanation are those that the model goes by.

Of each document, the words of one label that it is given are masked one after the other: in the
order of their weights, and in a random order. Deletion: the sooner the label's logit falls, the
better. Insertion, from all of them masked: the sooner it rises, the better (Petsiuk, Das and
Saenko, "RISE: Randomized input sampling for explanation of black-box models", 2018).

    python benchmarks/faithfulness.py outputs/train/DATE_TIME [--documents 100] [--json F.json]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from resumebert.data.cleaning import clean
from resumebert.inference.evaluating import open_checkpoint, own_documents
from resumebert.inference.explaining import explain_text, falls, read_text
from resumebert.inference.labeler import ResumeLabeler

STEPS = np.linspace(0, 1, 11)


def main() -> None:
    """Explain documents of the test split, and draw the curves of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    opened = open_checkpoint(str(given.run), "ckpt", ())
    data = own_documents(opened, opened.own_data())
    texts = [data.table.texts[row] for row in data.indices("test")]
    labeler = ResumeLabeler.load(given.run, device="cpu")
    scorer, names = labeler._scorer, labeler.label_names
    generator = np.random.default_rng(0)
    found: dict[str, list[list[float]]] = {"explained": [], "random": [], "words": []}
    labelling = explaining = 0.0
    for text in texts:
        began = time.perf_counter()
        [prediction] = labeler.predict([text])
        labelling += time.perf_counter() - began
        if not prediction.labels or len(found["explained"]) == given.documents:
            continue
        column = names.index(prediction.labels[int(generator.integers(len(prediction.labels)))])
        began = time.perf_counter()
        [(_, words)] = explain_text(scorer, clean(text, scorer.cleaning), [column])
        explaining += time.perf_counter() - began
        weights = np.array([word.weight for word in words])
        read = read_text(scorer, clean(text, scorer.cleaning))
        tokens = [
            (read.places[:, 0] < word.end) & (read.places[:, 1] > word.start) for word in words
        ]
        orders = [np.argsort(-weights, kind="stable"), generator.permutation(len(words))]
        curves = []
        for order in orders:
            ordered = [tokens[at] for at in order]
            cuts = [round(step * len(ordered)) for step in STEPS]
            sides = [[ordered[:cut] for cut in cuts], [ordered[cut:] for cut in cuts]]
            curves.append(
                [
                    falls(
                        scorer,
                        read,
                        [
                            np.flatnonzero(np.any([*part, np.zeros(len(read.ids), bool)], axis=0))
                            for part in side
                        ],
                        column,
                    )
                    for side in sides
                ]
            )
        found["explained"].append([curves[0][0].mean(), curves[0][1].mean()])
        found["random"].append([curves[1][0].mean(), curves[1][1].mean()])
        found["words"].append([float(len(words)), float(curves[0][0][-1])])
    count = len(found["explained"])
    print(f"{count} documents, {np.mean(found['words'], axis=0)[0]:.0f} words of a label each;")
    print(f"explaining one label takes {explaining / labelling * len(texts) / count:.1f} times as")
    print(
        "long as labelling the document. Mean fall of the label's logit over the curve (deletion:"
    )
    print("the more the better; insertion: the less the better):")
    figures: dict[str, list[float]] = {}
    for side, name in enumerate(("deletion", "insertion")):
        ours, random = (np.array(found[kind])[:, side] for kind in ("explained", "random"))
        draws = generator.integers(count, size=(10_000, count))
        low, high = np.quantile((ours - random)[draws].mean(axis=1), [0.025, 0.975])
        print(
            f"  {name}: by weight {ours.mean():.3f}, at random {random.mean():.3f}, "
            f"difference {(ours - random).mean():+.3f} [{low:+.3f}, {high:+.3f}]"
        )
        figures[name] = [float(ours.mean()), float(random.mean()), float(low), float(high)]
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
