"""Training documents without the labels' own words."""

import numpy as np
import pytest

from helpers import make_datamodule, make_table
from resumebert.data.datamodule import ResumeDataModule
from resumebert.data.label_words import label_words
from resumebert.data.windows import Windowing

LABELS = ["Java_Developer", "Network_Administrator"]
TEXTS = [
    f"Worked as a Java developer and network administrators number {i}, wrote java and ran routers"
    for i in range(60)
]


def datamodule(tokenizer, **arguments) -> ResumeDataModule:
    labels = np.tile([[1, 0], [0, 1]], (30, 1)).astype(np.uint8)
    table = make_table(TEXTS).with_labels(labels, LABELS)
    arguments = {"windowing": Windowing("windows", 12, max_windows_train=8), **arguments}
    return make_datamodule(tokenizer, table, **arguments)


def texts_read(data: ResumeDataModule, tokenizer, epoch: int = 0) -> dict[int, str]:
    """Return what training reads of each document, as text."""
    loader = data.train_dataloader()
    loader.batch_sampler.set_epoch(epoch)
    read: dict[int, str] = {}
    for batch in loader:
        for row, document in enumerate(batch["window_document"].tolist()):
            index = int(batch["index"][document])
            ids = batch["input_ids"][row][batch["attention_mask"][row] > 0]
            words = tokenizer._tokenizer.decode(ids.tolist()[1:-1])
            read[index] = read.get(index, "") + " " + words
    return read


@pytest.mark.parametrize("level", ["names", "words"])
def test_all_are_read_without_the_words_if_so_asked(tokenizer, level):
    data = datamodule(tokenizer, mask_label_words={level: 1.0})
    read = texts_read(data, tokenizer)
    assert len(read) == 36
    words = label_words(LABELS)
    assert not words.named(list(read.values()), level).any()
    assert all("routers" in text or "number" in text for text in read.values())
    # Of the level "names" the skill stays; of "words" it goes with the word in the name.
    assert any("java" in text for text in read.values()) == (level == "names")


def test_the_share_is_drawn_anew_each_epoch_and_the_same_again(tokenizer):
    data = datamodule(
        tokenizer, mask_label_words={"names": 0.3, "words": 0.3}, windowing=Windowing("windows")
    )
    words = label_words(LABELS)

    def kinds(epoch: int) -> list[str]:
        read = texts_read(data, tokenizer, epoch)
        found = []
        for index in sorted(read):
            named = words.named([read[index]], "names").any()
            found.append("all" if named else "names" if "java" in read[index] else "words")
        return found

    epochs = [kinds(epoch) for epoch in range(30)]
    assert epochs[0] == kinds(0)
    assert epochs[0] != epochs[1]
    drawn = [kind for epoch in epochs for kind in epoch]
    # 1,080 draws: four standard deviations are 0.06.
    assert drawn.count("names") / len(drawn) == pytest.approx(0.3, abs=0.06)
    assert drawn.count("words") / len(drawn) == pytest.approx(0.3, abs=0.06)


def test_further_names_are_taken_out_too(tokenizer):
    data = datamodule(
        tokenizer,
        mask_label_words={"names": 1.0},
        further_names={"Network_Administrator": ["routers"]},
    )
    assert not any("router" in text for text in texts_read(data, tokenizer).values())


def test_evaluation_reads_documents_as_they_are(tokenizer):
    data = datamodule(tokenizer, mask_label_words={"words": 1.0})
    for loader in (data.val_dataloader(), data.test_dataloader()):
        for batch in loader:
            for row, document in enumerate(batch["window_document"].tolist()):
                ids = data.tokens[int(batch["index"][document])]
                assert set(batch["input_ids"][row].tolist()[1:-1]) <= {*ids.tolist(), 0, 102}


def test_windows_of_masked_documents_are_drawn_by_evidence_of_their_own(tokenizer):
    data = datamodule(tokenizer, mask_label_words={"words": 1.0}, window_sampling="evidence")
    [view] = data.masked_views
    assert view.evidence is not None
    assert not np.array_equal(view.evidence.weights, data.evidence.weights)
    assert (view.row >= 0).sum() == 36
