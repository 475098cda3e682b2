import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from resumebert.data.tokenization import TextTokenizer, read_token_ids
from resumebert.utils.errors import UserError

TEXTS = ["Senior Java developer, naïve café – C++/C#", "", "x" * 300, "word " * 700, "日本語 👩‍💻"]


def test_ids_are_those_of_transformers_in_full(minilm_folder, tokenizer):
    reference = AutoTokenizer.from_pretrained(str(minilm_folder))
    tokens = tokenizer.encode(TEXTS)
    for i, text in enumerate(TEXTS):
        expected = reference(text, add_special_tokens=False, truncation=False)["input_ids"]
        assert tokens[i].tolist() == expected
    assert tokens.lengths[3] == 700  # The package's tokenizer.json cuts at 128.
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id) == (101, 102, 0)


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=30), max_size=8))
def test_a_text_is_tokenised_the_same_alone_and_among_others(tokenizer, texts):
    together = tokenizer.encode(texts)
    assert len(together) == len(texts)
    for i, text in enumerate(texts):
        assert np.array_equal(together[i], tokenizer.encode([text])[0])


def test_tokenizer_survives_as_its_files(tokenizer):
    files = json.loads(json.dumps(tokenizer.files))
    again = TextTokenizer.from_files(files, "a checkpoint")
    assert again.encode(TEXTS).ids.tolist() == tokenizer.encode(TEXTS).ids.tolist()


def test_folder_with_a_vocabulary_only(minilm_folder, tokenizer, tmp_path):
    for name in ("vocab.txt", "config.json"):
        shutil.copy(minilm_folder / name, tmp_path)
    converted = TextTokenizer.from_folder(tmp_path)
    assert converted.encode(TEXTS).ids.tolist() == tokenizer.encode(TEXTS).ids.tolist()


def test_folder_without_a_tokenizer(tmp_path):
    with pytest.raises(UserError, match=r"neither tokenizer\.json nor vocab\.txt"):
        TextTokenizer.from_folder(tmp_path)


def test_damaged_files():
    with pytest.raises(UserError, match="damaged"):
        TextTokenizer.from_files({"tokenizer.json": "{"}, "F")


@pytest.mark.parametrize("count", [0, 1, 2501])
def test_ids_written_to_a_file_are_those_kept_in_memory(tokenizer, tmp_path, count):
    texts = [f"Java developer number {i}" * (i % 3) for i in range(count)]
    kept = tokenizer.encode(texts)
    written = tokenizer.encode(texts, tmp_path / "ids.bin")
    assert np.array_equal(kept.ids, written.ids)
    assert np.array_equal(kept.offsets, written.offsets)
    assert np.array_equal(read_token_ids(tmp_path / "ids.bin"), kept.ids)


@given(text=st.text(max_size=60))
def test_places_are_those_of_the_tokens_in_the_text(tokenizer, text):
    for written in (text, "Senior Java developer, naïve café 👩‍💻 – C++"):
        ids, places = tokenizer.encode_with_places(written)
        assert ids.tolist() == tokenizer.encode([written])[0].tolist()
        assert places.shape == (len(ids), 2)
        assert (places[:, 0] <= places[:, 1]).all()
        assert places.max(initial=0) <= len(written)
    pieces = [written[start:end] for start, end in places]
    assert pieces[:6] == ["Senior", "Java", "developer", ",", "naïve", "café"]
