"""Text of Word (docx) and OpenDocument (odt) files: zip files of XML."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from functools import partial

from lxml import etree

from resumebert.documents.document import Document, Flow, Limits, UnreadableError
from resumebert.documents.look import Look, colour_of
from resumebert.documents.markup import (
    Changes,
    Element,
    Markup,
    attribute,
    child,
    document_of,
    inherited,
    local_name,
    walk,
)

# A text box further out shows nothing, wherever on the page it is measured from. 914,400 an inch.
_OFF_PAGE = (-3 * 914_400, 22 * 914_400)
_FAMILIES = {
    "p": "paragraph", "h": "paragraph", "span": "text", "a": "text", "table-cell": "table-cell",
    "frame": "graphic", "custom-shape": "graphic",
}  # fmt: skip


def open_package(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """Open the zip file that a document is.

    Raises:
        UnreadableError: It is damaged, or unpacks to more than the limit.
    """
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, NotImplementedError):
        raise UnreadableError("is a damaged zip file (docx and odt are zip files)") from None
    # zipfile reads no more of a part than it says here.
    unpacked = sum(info.file_size for info in package.infolist()) / 1000**2
    if unpacked > limits.unpacked_megabytes:
        allowed = f"{limits.unpacked_megabytes:,} MB"
        raise UnreadableError(f"unpacks to {unpacked:,.0f} MB, more than {allowed}")
    return package


def read_docx(package: zipfile.ZipFile, name: str, keep_hidden: bool) -> Document:
    """Read a Word document: headers, body with tables and text boxes, notes, footers.

    Raises:
        UnreadableError: It is damaged, or has no text.
    """
    parts = sorted(part for part in package.namelist() if part.endswith(".xml"))
    kinds = ("header", "document", "diagrams/data", "footnotes", "endnotes", "footer")
    roots = [
        _xml(package, part)
        for kind in kinds
        for part in parts
        if part.startswith(f"word/{kind}") and part.count("/") == kind.count("/") + 1
    ]
    styles = _xml(package, "word/styles.xml") if "word/styles.xml" in parts else None
    markup = _word_markup(styles)
    behind = any(a.get("behindDoc") == "1" for root in roots for a in root.iter("{*}anchor"))
    return _read([(root, markup) for root in roots], name, "docx", behind, keep_hidden)


def read_odt(package: zipfile.ZipFile, name: str, keep_hidden: bool) -> Document:
    """Read an OpenDocument text: headers and footers, then the body.

    Raises:
        UnreadableError: It is damaged or encrypted, or has no text.
    """
    names = package.namelist()
    if "META-INF/manifest.xml" in names:
        manifest = _bytes(package, "META-INF/manifest.xml")
        if b"encryption-data" in manifest:
            raise UnreadableError("is encrypted: save it without a password")
    roots = [_xml(package, part) for part in ("styles.xml", "content.xml") if part in names]
    shown = []
    styles: dict[str, tuple[str | None, Changes]] = {}
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
    return _read(shown, name, "odt", behind, keep_hidden)


def _read(
    parts: list[tuple[Element, Markup]], name: str, kind: str, behind: bool, keep_hidden: bool
) -> Document:
    # Of equal headers and footers, one for each section, the first is enough.
    unique: dict[str, tuple[Element, Markup]] = {}
    for root, markup in parts:
        unique.setdefault("".join(root.itertext()), (root, markup))
    flow = _walked(unique.values(), Look(), keep_hidden)
    if behind and flow.hidden_text():
        # White text may stand on the shape or picture that lies behind it.
        kept = _walked(unique.values(), Look(backdrop=None), keep_hidden)
        if kept.hidden_text() != flow.hidden_text():
            note = "white text was kept, as a shape or picture lies behind the text"
            return document_of(kept, name, kind, (note,))
    return document_of(flow, name, kind)


def _walked(parts: Iterable[tuple[Element, Markup]], look: Look, keep_hidden: bool) -> Flow:
    flow = Flow(keep_hidden)
    for root, markup in parts:
        walk(root, markup, look, flow)
        flow.end_line()
    return flow


def _bytes(package: zipfile.ZipFile, part: str) -> bytes:
    try:
        return package.read(part)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, EOFError, ValueError):
        raise UnreadableError(f"is damaged or encrypted: {part} in it can't be unpacked") from None


def _xml(package: zipfile.ZipFile, part: str) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(_bytes(package, part), parser)
    except etree.XMLSyntaxError:
        raise UnreadableError(f"is damaged: {part} in it is no XML") from None
    if root.getroottree().docinfo.doctype:
        raise UnreadableError(f"is not to be trusted: {part} in it declares entities")
    return root


def _word_markup(styles: Element | None) -> Markup:
    """Return what the elements of WordprocessingML mean, with the styles of a document."""
    own: dict[str, tuple[str | None, Changes]] = {}
    default = None
    for style in () if styles is None else styles.iter("{*}style"):
        name = attribute(style, "styleId") or ""
        if attribute(style, "default") and attribute(style, "type") == "paragraph":
            default = name
        shaded = {"backdrop": None} if any(map(_shade, style.iter("{*}shd"))) else {}
        changes = _run_changes(child(style, "rPr"))
        own[name] = attribute(child(style, "basedOn"), "val"), shaded | changes
    return Markup(
        skipped={
            "Fallback", "del", "moveFrom", "delText", "instrText", "pPr", "rPr", "tblPr", "trPr",
            "tcPr", "sectPr", "sdtPr", "docPr", "positionH", "positionV",
        },
        lines={"p", "tbl", "txbxContent"},
        inserted={"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"},
        changes=partial(_word_changes, styles=inherited(own), default=default),
        texts={"t"},
    )  # fmt: skip


def _word_changes(element: Element, *, styles: dict[str, Changes], default: str | None) -> Changes:
    match local_name(element):
        case "p":
            style = attribute(child(element, "pPr", "pStyle"), "val") or default
            return styles.get(style or "", {}) | _shade(child(element, "pPr", "shd"))
        case "r":
            style = attribute(child(element, "rPr", "rStyle"), "val")
            return styles.get(style or "", {}) | _run_changes(child(element, "rPr"))
        case "tbl":
            style = attribute(child(element, "tblPr", "tblStyle"), "val")
            return {k: v for k, v in styles.get(style or "", {}).items() if k == "backdrop"}
        case "tc":
            return _shade(child(element, "tcPr", "shd"))
        case "wsp":
            filled = child(element, "spPr", "solidFill", "srgbClr")
            empty = child(element, "spPr", "noFill") is not None
            return {} if empty else {"backdrop": colour_of(attribute(filled, "val"))}
        case "shape" | "rect" | "roundrect" if element.get("filled") != "f":
            return {"backdrop": colour_of(element.get("fillcolor", "white"))}
        case "anchor":
            offsets = [int(offset.text) for offset in element.iterfind("*/{*}posOffset")]
            low, high = _OFF_PAGE
            return {"vanishes": True} if any(not low < x < high for x in offsets) else {}
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


def _open_styles(root: Element) -> dict[str, tuple[str | None, Changes]]:
    """Return the parent and the changes of each style, by its family and name."""
    styles = {}
    for style in root.iter("{*}style"):
        family = attribute(style, "family")
        parent = attribute(style, "parent-style-name")
        changes: Changes = {}
        for properties in style:
            if attribute(properties, "display") == "none":
                changes["vanishes"] = True
            if attribute(properties, "color"):
                changes["colour"] = colour_of(attribute(properties, "color"))
            size = attribute(properties, "font-size") or ""
            if size.endswith("pt"):
                changes["size"] = float(size[:-2])
            filled = attribute(properties, "fill") in ("gradient", "bitmap", "hatch", "solid")
            ground = attribute(properties, "background-color")
            if ground not in (None, "transparent") or filled:
                changes["backdrop"] = colour_of(attribute(properties, "fill-color") or ground)
        name = f"{family} {attribute(style, 'name')}"
        styles[name] = (f"{family} {parent}" if parent else None), changes
    return styles


def _open_markup(styles: dict[str, Changes]) -> Markup:
    """Return what the elements of OpenDocument mean, with the styles of a document."""

    def changes(element: Element) -> Changes:
        tag = local_name(element)
        if tag == "section":
            return {"vanishes": True} if attribute(element, "display") == "none" else {}
        if tag not in _FAMILIES:
            return {}
        return styles.get(f"{_FAMILIES[tag]} {attribute(element, 'style-name')}", {})

    return Markup(
        skipped={
            "tracked-changes", "annotation", "hidden-text", "hidden-paragraph", "sequence-decls",
            "forms", "title", "desc", "note-citation", "variable-decls", "user-field-decls",
        },
        lines={"p", "h", "table-row", "text-box", "note-body"},
        inserted={"s": " ", "tab": "\t", "line-break": "\n"},
        changes=changes,
    )  # fmt: skip
