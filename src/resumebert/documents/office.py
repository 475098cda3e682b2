"""Text of Word (docx) and OpenDocument (odt) files: zip files of XML."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from functools import partial
from typing import TypeAlias

from lxml import etree

from resumebert.documents.document import Document, Flow, Limits, UnreadableError
from resumebert.documents.look import Look, colour_of
from resumebert.documents.markup import (
    Changes,
    Element,
    Markup,
    attribute,
    child,
    inherited,
    local_name,
    walk,
)

# The parent and own changes of each style.
Styles: TypeAlias = dict[str, tuple[str | None, Changes]]
# A text box further out shows nothing, wherever on the page it is measured from. 914,400 an inch.
_OFF_PAGE = (-3 * 914_400, 22 * 914_400)
_WORD_PARTS = ("header", "document", "diagrams/data", "footnotes", "endnotes", "footer")
_FAMILIES = {
    "p": "paragraph", "h": "paragraph", "span": "text", "a": "text", "table-cell": "table-cell",
    "frame": "graphic", "custom-shape": "graphic", "section": "section",
}  # fmt: skip


def open_package(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """Open the zip file that a document is."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError):
        raise UnreadableError("is a damaged zip file (docx and odt are zip files)") from None
    # zipfile reads no more of a part than it says here.
    unpacked = sum(info.file_size for info in package.infolist()) / 1000**2
    if unpacked > limits.unpacked_megabytes:
        allowed = f"{limits.unpacked_megabytes:,} MB"
        raise UnreadableError(f"unpacks to {unpacked:,.0f} MB, more than {allowed}")
    return package


def read_docx(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read a Word document: headers, body with tables and text boxes, notes, footers."""
    package = open_package(data, limits)
    parts = [part for part in sorted(package.namelist()) if part.endswith(".xml")]
    roots = [
        _xml(package, part)
        for kind in _WORD_PARTS
        for part in parts
        if part.startswith(f"word/{kind}") and part.count("/") == kind.count("/") + 1
    ]
    has_styles = "word/styles.xml" in parts
    markup = _word_markup(_xml(package, "word/styles.xml") if has_styles else etree.Element("none"))
    behind = any(a.get("behindDoc") == "1" for root in roots for a in root.iter("{*}anchor"))
    return _read([(root, markup) for root in roots], behind, keep_hidden)


def read_odt(data: bytes, limits: Limits, keep_hidden: bool) -> Document:
    """Read an OpenDocument text: headers and footers, then the body."""
    package = open_package(data, limits)
    names = package.namelist()
    manifest = "META-INF/manifest.xml"
    if manifest in names and b"encryption-data" in _unpacked(package, manifest):
        raise UnreadableError("is encrypted: save it without a password")
    roots = [_xml(package, part) for part in ("styles.xml", "content.xml") if part in names]
    shown = []
    styles: Styles = {}
    for root in roots:
        # Those of the body come on top of those of the whole file.
        styles |= _open_styles(root)
        markup = _open_markup(inherited(styles))
        shown += [
            (element, markup)
            for element in root.iter("{*}header", "{*}footer", "{*}text")
            if local_name(element.getparent()) in ("master-page", "body")
        ]
    behind = any(
        attribute(properties, "run-through") == "background"
        for root in roots
        for properties in root.iter("{*}graphic-properties")
    )
    return _read(shown, behind, keep_hidden)


def _read(parts: Iterable[tuple[Element, Markup]], behind: bool, keep_hidden: bool) -> Document:
    # Sections repeat their headers and footers.
    unique: dict[str, tuple[Element, Markup]] = {}
    for root, markup in parts:
        unique.setdefault("".join(root.itertext()), (root, markup))

    def written(look: Look) -> Flow:
        flow = Flow(keep_hidden)
        for root, markup in unique.values():
            walk(root, markup, look, flow)
            flow.end_line()
        return flow

    flow = written(Look())
    if behind and flow.hidden_text():
        # White text may stand on the shape or picture that lies behind it.
        kept = written(Look(backdrop=None))
        if kept.hidden_text() != flow.hidden_text():
            return kept.document("lxml", ("white text was kept: a shape or picture is behind it",))
    return flow.document("lxml")


def _unpacked(package: zipfile.ZipFile, part: str) -> bytes:
    try:
        return package.read(part)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, ValueError):
        raise UnreadableError(f"is damaged or encrypted: {part} in it can't be unpacked") from None


def _xml(package: zipfile.ZipFile, part: str) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(_unpacked(package, part), parser)
    except etree.XMLSyntaxError:
        raise UnreadableError(f"is damaged: {part} in it is no XML") from None
    if root.getroottree().docinfo.doctype:
        raise UnreadableError(f"is not to be trusted: {part} in it declares entities")
    return root


def _word_markup(sheet: Element) -> Markup:
    """Return what the elements of WordprocessingML mean, with the styles of a document."""
    styles: Styles = {}
    default = ""
    for style in sheet.iter("{*}style"):
        name = attribute(style, "styleId") or ""
        if attribute(style, "default") == "1" and attribute(style, "type") == "paragraph":
            default = name
        # Which cells a table's style shades is too much to work out.
        shaded: Changes = {"backdrop": None} if any(map(_shade, style.iter("{*}shd"))) else {}
        own = shaded | _run_changes(child(style, "rPr"))
        styles[name] = attribute(child(style, "basedOn"), "val"), own
    return Markup(
        skipped={
            "Fallback", "del", "moveFrom", "delText", "instrText", "pPr", "rPr", "tblPr", "trPr",
            "tcPr", "sectPr", "sdtPr", "docPr", "positionH", "positionV",
        },
        lines={"p", "tbl", "txbxContent"},
        inserted={"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"},
        changes=partial(_word_changes, styles=inherited(styles), default=default),
        texts={"t"},
    )  # fmt: skip


def _word_changes(element: Element, *, styles: dict[str, Changes], default: str) -> Changes:
    match local_name(element):
        case "p":
            style = attribute(child(element, "pPr", "pStyle"), "val") or default
            return styles.get(style, {}) | _shade(child(element, "pPr", "shd"))
        case "r":
            style = attribute(child(element, "rPr", "rStyle"), "val") or ""
            return styles.get(style, {}) | _run_changes(child(element, "rPr"))
        case "tbl":
            style = attribute(child(element, "tblPr", "tblStyle"), "val") or ""
            return {"backdrop": None} if "backdrop" in styles.get(style, {}) else {}
        case "tc":
            return _shade(child(element, "tcPr", "shd"))
        case "wsp" if child(element, "spPr", "noFill") is None:
            filled = child(element, "spPr", "solidFill", "srgbClr")
            return {"backdrop": colour_of(attribute(filled, "val"))}
        case "shape" | "rect" | "roundrect" if element.get("filled") != "f":
            return {"backdrop": colour_of(element.get("fillcolor", "white"))}
        case "anchor":
            low, high = _OFF_PAGE
            offsets = [int(offset.text) for offset in element.iterfind("*/{*}posOffset")]
            return {"vanishes": any(not low < offset < high for offset in offsets)}
    return {}


def _run_changes(properties: Element | None) -> Changes:
    changes: Changes = {}
    for element in () if properties is None else properties:
        value = attribute(element, "val")
        match local_name(element):
            case "vanish" | "specVanish":
                changes["vanishes"] = value not in ("0", "false", "off")
            case "color":
                changes["colour"] = colour_of(value)
            case "sz" if value and value.isdecimal():
                changes["size"] = int(value) / 2
            case "highlight":
                changes["backdrop"] = colour_of(value)
            case "shd":
                changes |= _shade(element)
    return changes


def _shade(element: Element | None) -> Changes:
    fill = attribute(element, "fill")
    return {} if fill in (None, "auto") else {"backdrop": colour_of(fill)}


def _open_styles(root: Element) -> Styles:
    styles: Styles = {}
    for style in root.iter("{*}style"):
        family, parent = attribute(style, "family"), attribute(style, "parent-style-name")
        changes: Changes = {}
        for properties in style:
            values = {key.rpartition("}")[2]: value for key, value in properties.items()}
            if values.get("display") == "none":
                changes["vanishes"] = True
            if "color" in values:
                changes["colour"] = colour_of(values["color"])
            if (size := values.get("font-size", "")).endswith("pt"):
                changes["size"] = float(size[:-2])
            ground = values.get("background-color", "transparent")
            if values.get("fill", "none") != "none" or ground != "transparent":
                changes["backdrop"] = colour_of(values.get("fill-color", ground))
        own = f"{family} {parent}" if parent else None, changes
        styles[f"{family} {attribute(style, 'name')}"] = own
    return styles


def _open_markup(styles: dict[str, Changes]) -> Markup:
    """Return what the elements of OpenDocument mean, with the styles of a document."""

    def changes(element: Element) -> Changes:
        family = _FAMILIES.get(local_name(element))
        if family == "section":
            return {"vanishes": attribute(element, "display") == "none"}
        return dict(styles.get(f"{family} {attribute(element, 'style-name')}", {}))

    return Markup(
        skipped={
            "tracked-changes", "annotation", "hidden-text", "hidden-paragraph", "sequence-decls",
            "forms", "title", "desc", "note-citation", "variable-decls", "user-field-decls",
        },
        lines={"p", "h", "table-row", "text-box", "note-body"},
        inserted={"s": " ", "tab": "\t", "line-break": "\n"},
        changes=changes,
    )  # fmt: skip
