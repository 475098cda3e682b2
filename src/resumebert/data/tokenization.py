"""WordPiece ids, made once: the whole of each document, flat, without special tokens."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from resumebert.data.arrays import Ints, TokenIds
from resumebert.utils.errors import UserError

# Files of a tokenizer that a checkpoint carries; vocab.txt is left out, tokenizer.json has it all.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
TEXTS_PER_CHUNK = 1_000  # Bounds the memory that the tokenizer's own objects take.


@dataclass(frozen=True)
class TokenizedTexts:
    """Token ids of n documents, one after the other, without [CLS], [SEP] and padding."""

    ids: TokenIds  # (total,)
    offsets: Ints  # (n + 1,); document i is ids[offsets[i]:offsets[i + 1]].

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> TokenIds:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    def select(self, index: Ints) -> "TokenizedTexts":
        """Return the documents at ``index``, in that order."""
        ids = _joined(self[int(i)] for i in index)
        return TokenizedTexts(ids, np.concatenate([[0], np.cumsum(self.lengths[index])]))

    @property
    def lengths(self) -> Ints:
        """(n,) tokens of each document."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class TextTokenizer:
    """A model's own fast tokenizer, and its files as a checkpoint carries them."""

    files: dict[str, str]  # Name → content, of those of TOKENIZER_FILES that there are.
    cls_id: int
    sep_id: int
    pad_id: int
    _tokenizer: Tokenizer = field(repr=False, compare=False)

    @classmethod
    def from_folder(cls, folder: Path) -> "TextTokenizer":
        """Load the tokenizer of a model's folder: ``tokenizer.json``, else ``vocab.txt``."""
        files = {
            name: (folder / name).read_text(encoding="utf-8")
            for name in TOKENIZER_FILES
            if (folder / name).is_file()
        }
        if "tokenizer.json" not in files:
            if not (folder / "vocab.txt").is_file():
                raise UserError(
                    f"{folder}: the model's folder has neither tokenizer.json nor vocab.txt, so "
                    "its texts can't be tokenised. Copy them from where the model came from."
                )
            files["tokenizer.json"] = _convert_vocabulary(folder)
        return cls.from_files(files, str(folder))

    @classmethod
    def from_files(cls, files: dict[str, str], source: str) -> "TextTokenizer":
        """Rebuild a tokenizer from the contents of its files; ``source`` is named in errors."""
        try:
            tokenizer = Tokenizer.from_str(files["tokenizer.json"])
            config = dict(json.loads(files.get("tokenizer_config.json", "{}")))
        except Exception as error:  # The tokenizers library raises bare Exceptions.
            raise UserError(f"{source}: the tokenizer's files are damaged ({error}).") from error
        # A published tokenizer.json may cut and pad to the lengths of its first use.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        special = {}
        for name, default in (("cls", "[CLS]"), ("sep", "[SEP]"), ("pad", "[PAD]")):
            token = config.get(f"{name}_token", default)
            token = token.get("content") if isinstance(token, dict) else token
            token_id = tokenizer.token_to_id(str(token))
            if token_id is None:
                raise UserError(
                    f"{source}: the tokenizer has no {token} token; a BERT tokenizer needs [CLS], "
                    "[SEP] and [PAD]."
                )
            special[f"{name}_id"] = token_id
        return cls(files=files, **special, _tokenizer=tokenizer)

    @property
    def digest(self) -> str:
        """SHA-256 of what makes a text's tokens."""
        return hashlib.sha256(self.files["tokenizer.json"].encode()).hexdigest()

    @property
    def largest_id(self) -> int:
        """The largest number of a token; of a vocabulary with gaps it is above its size."""
        return max(self._tokenizer.get_vocab().values(), default=-1)

    @property
    def mask_id(self) -> int:
        """The number of [MASK]; of padding in a vocabulary without it."""
        found = self._tokenizer.token_to_id("[MASK]")
        return self.pad_id if found is None else int(found)

    def encode(self, texts: Sequence[str], path: Path | None = None) -> TokenizedTexts:
        """Tokenise every text in full; nothing is cut here.

        With a ``path``, ids are written there as they come, for :func:`read_token_ids`: those of a
        corpus are never in memory together.
        """
        lengths = np.zeros(len(texts) + 1, dtype=np.int64)
        if path is None:
            ids = _joined(self._chunks(texts, lengths))
        else:
            with path.open("wb") as file:
                for chunk in self._chunks(texts, lengths):
                    file.write(chunk.astype("<i4").data)
            ids = read_token_ids(path)
        return TokenizedTexts(ids=ids, offsets=np.cumsum(lengths))

    def encode_with_places(self, text: str) -> tuple[TokenIds, Ints]:
        """Return the (T,) ids of a text as :meth:`encode` gives them, and where they are in it.

        Places are (T, 2): the first character of each token and the one after its last.
        """
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        places = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        return np.array(encoding.ids, dtype=np.int32), places

    def _chunks(self, texts: Sequence[str], lengths: Ints) -> Iterator[TokenIds]:
        """Yield the ids of some texts at a time; write text i's length to ``lengths[i + 1]``."""
        for start in range(0, len(texts), TEXTS_PER_CHUNK):
            encodings = self._tokenizer.encode_batch_fast(
                list(texts[start : start + TEXTS_PER_CHUNK]), add_special_tokens=False
            )
            ids = [np.asarray(encoding.ids, dtype=np.int32) for encoding in encodings]
            lengths[start + 1 : start + 1 + len(ids)] = [len(text) for text in ids]
            yield np.concatenate(ids)


def _joined(pieces: Iterable[TokenIds]) -> TokenIds:
    return np.concatenate([np.zeros(0, dtype=np.int32), *pieces])


def read_token_ids(path: Path) -> TokenIds:
    """Memory-map, read-only, the ids of a file that :meth:`TextTokenizer.encode` wrote."""
    if path.stat().st_size == 0:  # Nothing can't be mapped.
        return np.zeros(0, dtype=np.int32)
    return np.memmap(path, dtype="<i4", mode="r")


def _convert_vocabulary(folder: Path) -> str:
    """Build the content of tokenizer.json from a BERT folder's vocab.txt."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        return str(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: the tokenizer can't be read ({error}).") from error
