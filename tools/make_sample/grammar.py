"""Templates with choices and slots, and the few English verb forms the résumés need."""

import re
from collections.abc import Mapping, Sequence
from random import Random

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([^{}]*)\}")
_ARTICLE = re.compile(
    r"\b([Aa]) (?!uni|use|uti|eu|one\b|ui\b|ua)([aeiou]|ERP|HR|SQL)", re.IGNORECASE
)
_SECOND_VERB = re.compile(r"\band ([a-z-]+)\b")
_RANGE = re.compile(r"(\d+)-(\d+)")

_IRREGULAR = {
    "bind": "bound",
    "break": "broke",
    "bring": "brought",
    "build": "built",
    "buy": "bought",
    "choose": "chose",
    "cut": "cut",
    "deal": "dealt",
    "draw": "drew",
    "drive": "drove",
    "feed": "fed",
    "find": "found",
    "forecast": "forecast",
    "give": "gave",
    "help": "helped",
    "hold": "held",
    "keep": "kept",
    "lead": "led",
    "make": "made",
    "log": "logged",
    "meet": "met",
    "model": "modelled",
    "oversee": "oversaw",
    "put": "put",
    "read": "read",
    "rebuild": "rebuilt",
    "rewrite": "rewrote",
    "reset": "reset",
    "run": "ran",
    "sell": "sold",
    "send": "sent",
    "set": "set",
    "split": "split",
    "spot": "spotted",
    "submit": "submitted",
    "take": "took",
    "teach": "taught",
    "troubleshoot": "troubleshot",
    "win": "won",
    "write": "wrote",
}
_DOUBLED = {"control", "plan", "map", "ship", "scan", "debug", "program", "trim", "tag"}
_REGULAR = """
accept achieve acquire act activate adapt add adjust administer advise agree align allocate analyse
analyze animate answer apply approve arrange ask assemble assess assist assure attend audit automate
balance benchmark block brief cache calculate capture care carry catalogue certify chair chase check
classify clean clear clone close cluster coach code collaborate collect communicate compare compile
complete compose conduct configure connect consolidate consult consume contain containerise
contribute control convert cook cooperate coordinate correlate count cover crawl create customise
customize debug decommission define defragment delegate deliver demonstrate deploy describe design
detect develop diagnose direct disable discuss dispatch document double draft edit enable encrypt
enforce engineer enhance enrol ensure enter escalate establish estimate evaluate examine execute
expand explain explore expose extend extract facilitate file fine-tune finish fix follow forward
freelance gain gather generate grade grant greet groom guide hand handle harden hire host hunt
identify image implement import improve increase index inspect install instrument integrate
interview introduce investigate isolate issue join launch liaise lift lint load localise maintain
manage manipulate map mark mask measure mediate mentor merge migrate moderate modernise monitor move
negotiate normalise observe onboard open operate optimise optimize order organise organize own
package pair parse participate pass patch perform pick pilot plan port post prepare present
prioritise process procure produce profile program promote proofread propose protect prototype
provide provision publish pull purchase query question quote rack raise react receive recommend
reconcile record recover recruit redesign reduce refactor refresh register rehearse release
remediate remove render renew reorganise repair replace report reproduce request rescue resolve
respond restore restrict restyle retire review roll rotate save scan schedule scope scrape script
search secure segment select serve share ship simplify simulate size sketch solve specify staff
standardise standardize start stock store streamline style summarise supervise supply support survey
synchronise tag tailor terminate test theme tighten track train transfer transform translate treat
triage trim try tune turn unlock update upgrade use validate verify version visit watch welcome wire
work wrap
"""

_DOUBLED_GERUNDS = {"spot", "cut", "log", "put", "reset", "run", "set", "split", "submit", "win"}


def past(base: str) -> str:
    """Return the simple past of a verb."""
    if base in _IRREGULAR:
        return _IRREGULAR[base]
    if base in _DOUBLED:
        return base + base[-1] + "ed"
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + "ed"


def gerund(base: str) -> str:
    """Return the -ing form of a verb."""
    if base in _DOUBLED or base in _DOUBLED_GERUNDS:
        return base + base[-1] + "ing"
    if base == "model":
        return "modelling"
    if base.endswith("e") and not base.endswith("ee"):
        return base[:-1] + "ing"
    return base + "ing"


BASES = {past(base): base for base in (*_REGULAR.split(), *_IRREGULAR)}


def expand(template: str, slots: Mapping[str, Sequence[str]], rng: Random) -> str:
    """Fill a template.

    ``[a|b|]`` is one of its choices, ``{name}`` one of the values of that slot and ``{3-40}`` a
    number from 3 to 40. Values may hold choices and slots themselves.
    """

    def choose(match: re.Match[str]) -> str:
        return rng.choice(match[1].split("|"))

    def fill(match: re.Match[str]) -> str:
        bounds = _RANGE.fullmatch(match[1])
        if bounds is None:
            return rng.choice(slots[match[1]])
        low, high = int(bounds[1]), int(bounds[2])
        value = rng.randint(low, high)
        if low >= 1900 and high < 2100:  # a year
            return str(value)
        if high >= 500 and value > 60:
            digits = 10 ** (len(str(value)) - 2)
            value = max(low, value // digits * digits)
        return f"{value:,}" if value >= 1000 else str(value)

    text = template
    while "[" in text or "{" in text:
        while (fewer := _CHOICE.sub(choose, text)) != text:
            text = fewer
        text = _SLOT.sub(fill, text)
    text = re.sub(r"\s+([,;:)]|\.(?!\w))", r"\1", " ".join(text.split()))
    text = text.rstrip(" ,").replace(", for ", " for ")
    return _ARTICLE.sub(r"\1n \2", text)


def upper_first(text: str) -> str:
    """Return the text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def inflect(duty: str, style: str, opening: str = "Responsible for") -> str:
    """Put a duty, which starts with a verb in the past tense, into another form.

    Args:
        duty: such as "built a portal and tested it".
        style: past ("Built a portal and tested it"), present ("Build …"), gerund ("Building …") or
            noun ("Responsible for building …").
        opening: what comes before the verb in the style noun.
    """
    verb, _, rest = duty.partition(" ")
    base = BASES.get(verb)
    if base is None or style == "past":
        return upper_first(duty)
    form = _same if style == "present" else gerund
    rest = _SECOND_VERB.sub(
        lambda match: f"and {form(BASES[match[1]])}" if match[1] in BASES else match[0], rest
    )
    if style == "noun":
        return f"{opening} {gerund(base)} {rest}"
    return upper_first(f"{form(base)} {rest}")


def _same(base: str) -> str:
    return base
