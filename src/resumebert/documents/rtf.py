"""Text of RTF, with headers, footers and text boxes, which striprtf leaves out."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from resumebert.documents.document import Document, Flow, Limits
from resumebert.documents.look import WHITE, Colour, Look

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_INSERTED = {
    "par": "\n", "sect": "\n", "page": "\n", "line": "\n", "row": "\n", "nestrow": "\n",
    "tab": "\t", "cell": "\t", "nestcell": "\t", "emdash": "—", "endash": "–", "bullet": "•",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ",
    "enspace": " ", "qmspace": " ",
}  # fmt: skip
_SIGNS = {"~": " ", "_": "-", "\\": "\\", "{": "{", "}": "}", "\n": "\n", "\r": "\n"}
# Groups without text that is shown; besides them, all that \* begins.
_SKIPPED = {
    "stylesheet", "info", "pict", "object", "objdata", "fldinst", "shprslt", "sp", "pntext",
    "nonesttables", "themedata", "colorschememapping", "datastore", "latentstyles", "listtable",
    "listoverridetable", "rsidtbl", "generator", "xe", "tc", "bkmkstart", "bkmkend", "annotation",
    "filetbl", "revtbl", "listpicture", "do", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc",
}  # fmt: skip
_SHOWN_AFTER_STAR = {"shpinst", "shptxt"}
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "cp936", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip


@dataclass(frozen=True)
class _State:
    """What a group inherits; ``group``: fonttbl, colortbl, skipped, or empty for text."""

    group: str = ""
    look: Look = field(default_factory=Look)
    font: int | None = None
    # How many characters, for old readers, follow one of Unicode.
    stand_ins: int = 1


def read_rtf(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read RTF."""
    flow = Flow(keep_hidden)
    _Reader(flow).read(data.decode("latin-1"))
    return flow.document("resumebert")


class _Reader:
    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._state = _State()
        self._outer: list[_State] = []
        self._codec = "cp1252"
        self._fonts: dict[int | None, str] = {}
        self._colours: list[Colour | None] = []
        self._mixed: dict[str, int] = {}
        self._bytes = b""
        self._stand_ins_left = 0
        self._shaded_cells = False

    def read(self, text: str) -> None:
        at = 0
        starred = False
        while at < len(text) and (match := _TOKEN.match(text, at)):
            at = match.end()
            kind = match.lastgroup
            if kind in ("number", "word"):
                number = None if match["number"] is None else int(match["number"])
                if match["word"] == "bin":
                    at += max(number or 0, 0)
                self._command(match["word"], number, starred)
            elif kind == "byte":
                self._letters(bytes.fromhex(match["byte"]))
            elif kind == "text":
                self._letters(match["text"].encode("latin-1"))
            elif kind == "sign":
                self._write(_SIGNS.get(match["sign"], ""))
            elif kind == "brace":
                self._flush()
                self._stand_ins_left = 0
                if match["brace"] == "{":
                    self._outer.append(self._state)
                elif self._outer:
                    self._state = self._outer.pop()
            starred = match["sign"] == "*"
        self._flush()

    def _command(self, word: str, number: int | None, starred: bool) -> None:
        self._flush()
        if word in _SKIPPED or (starred and word not in _SHOWN_AFTER_STAR):
            word, self._state = "", replace(self._state, group="skipped")
        match word:
            case "fonttbl" | "colortbl":
                self._state = replace(self._state, group=word)
            case "f":
                self._state = replace(self._state, font=number)
            case "uc":
                self._state = replace(self._state, stand_ins=number or 0)
            case "u" if number is not None:
                self._write(chr(number % 0x10000))
                self._stand_ins_left = self._state.stand_ins
            case "ansicpg":
                self._codec = f"cp{number}"
            case "fcharset" if number in _CHARSETS:
                self._fonts[self._state.font] = _CHARSETS[number]
            case "red" | "green" | "blue":
                self._mixed[word] = min(number or 0, 255)
            case "trowd" | "clcbpat":
                self._shaded_cells = word == "clcbpat"
            case "plain":
                self._look(vanishes=False, colour=None, size=None)
            case "v":
                self._look(vanishes=number != 0)
            case "fs" if number:
                self._look(size=number / 2)
            case "cf":
                self._look(colour=self._colour(number))
            case "pard":
                self._look(backdrop=WHITE)
            case "highlight" | "cb" | "chcbpat" | "cbpat":
                self._look(backdrop=self._colour(number) if number else WHITE)
            case "shptxt":
                # Which colour fills a text box stands elsewhere.
                self._look(backdrop=None)
            case _ if word in _INSERTED:
                self._write(_INSERTED[word])
                self._shaded_cells &= word != "row"

    def _look(self, **changes: Any) -> None:
        self._state = replace(self._state, look=replace(self._state.look, **changes))

    def _colour(self, number: int | None) -> Colour | None:
        number = number or 0
        return self._colours[number] if 0 < number < len(self._colours) else None

    def _letters(self, data: bytes) -> None:
        if self._state.group == "colortbl":
            for _ in range(data.count(b";")):
                red, green, blue = (self._mixed.get(name, 0) for name in ("red", "green", "blue"))
                self._colours.append((red, green, blue) if self._mixed else None)
                self._mixed = {}
            return
        left = self._stand_ins_left
        self._stand_ins_left = max(left - len(data), 0)
        self._bytes += data[left:]

    def _flush(self) -> None:
        """Write the letters since the last command: some take several bytes."""
        data, self._bytes = self._bytes, b""
        if data:
            codec = self._fonts.get(self._state.font, self._codec)
            try:
                self._write(data.decode(codec, "replace"))
            except LookupError:
                self._write(data.decode("cp1252", "replace"))

    def _write(self, text: str) -> None:
        if text and self._bytes:
            self._flush()
        if not self._state.group:
            look = self._state.look
            if self._shaded_cells:
                look = replace(look, backdrop=None)
            self._flow.add(text, hidden=look.is_hidden)
