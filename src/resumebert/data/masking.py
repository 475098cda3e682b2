"""Masking of what identifies a person: e-mail addresses, URLs, telephone and street numbers.

Each is replaced by a word. The words are chosen by three rules. A BERT vocabulary has each as one
token (``[EMAIL]`` comes apart at its brackets, "url" and "inbox" are two tokens each). Its meaning
is near what it stands for, so that its embedding is of use untrained. And it is rare in résumés
("email" and "website" are in a fifth and more of them, each of these in less than 1 %, outside of
URLs): a mask can't be told from the word itself.

What stays: names, towns and postcodes, which patterns can't tell from employers and places of work;
a bare domain (``example.com``), which is as often an employer or a product; and IP addresses, which
in a résumé are of networks, not of the person. Dates, versions and sums of money stay as well.
"""

import re

EMAIL = "envelope"
URL = "www"
PHONE = "caller"
STREET = "residence"
MASKS: tuple[str, ...] = (EMAIL, URL, PHONE, STREET)

# Next to these a mask stays one token and can't be read as a part of something else. A dot or
# hyphen is not one of them: another pattern may take it for a part of a domain or a number.
_OPENING = frozenset(" \t\n\r([{<>\"'|,;:")
_CLOSING = frozenset(" \t\n\r)]}<>\"'|,;!?")

# Everywhere below: runs are possessive or bounded, and a pattern that begins with a run refuses to
# begin inside one. So no text takes time more than linear in its length.
_IGNORE = re.IGNORECASE
_TLD = "(?i:com|org|net|edu|gov|info|io|co|us|uk|ca|in|de|fr|eu|au|me)(?![\\w-])"

# Hosts of people's own pages; of any other, only an address with http:// or www. is one for sure.
_PROFILE_HOSTS = (
    r"linkedin\.com|github\.com|gitlab\.com|bitbucket\.org|stackoverflow\.com|facebook\.com|"
    r"twitter\.com|x\.com|instagram\.com|youtube\.com|medium\.com|behance\.net|dribbble\.com|"
    r"codepen\.io|kaggle\.com|hackerrank\.com|leetcode\.com|linktr\.ee|about\.me|angel\.co|xing\.com"
)
_PERSONAL_DOMAINS = (
    r"github\.io|gitlab\.io|wordpress\.com|blogspot\.com|herokuapp\.com|netlify\.app|vercel\.app|"
    r"wixsite\.com|weebly\.com|tumblr\.com|000webhostapp\.com"
)
# A pattern that begins with a plain set of characters lets the regex engine skip fast to those.
_URL = re.compile(
    r"""
    [hHfFsSwW]
    (?: (?<=[hH])(?i:ttps?)://[^\s<>"]++
    | (?<=[fF])(?i:tps?)://[^\s<>"]++
    | (?<=[sS])(?i:ftp)://[^\s<>"]++
    | (?<=[wW])(?<![\w@.-][wW])(?i:ww)\d?\.(?=\w)[^\s<>"]++
    )
    """,
    re.VERBOSE,
)
_PROFILE = re.compile(
    rf"""
      (?<![\w@./-])(?:[a-z]{{2,3}}\.)?(?:{_PROFILE_HOSTS})/[^\s<>"]++
    | (?<![\w@./-])[a-z0-9][a-z0-9-]{{0,62}}+\.(?:{_PERSONAL_DOMAINS})(?![\w-])(?:/[^\s<>"]*+)?
    """,
    _IGNORE | re.VERBOSE,
)
_PROFILE_HINTS = (
    *(f"{host}/" for host in _PROFILE_HOSTS.replace("\\", "").split("|")),
    *_PERSONAL_DOMAINS.replace("\\", "").split("|"),
)
_AFTER_URL = ".,;:!?)]}'’”»*|"

_LOCAL = r"[\w.%+-]"
_LABEL = r"[^\W_][\w-]*+"
_OPEN_AT, _CLOSE_AT = r"[ \t]?[(\[{<][ \t]?", r"[ \t]?[)\]}>]"
# Where less than a plain @ is enough, a mask isn't taken for the name.
_NAME = rf"(?<!{_LOCAL})(?!(?:{'|'.join(MASKS)})(?!{_LOCAL}))"
_EMAIL = re.compile(
    rf"""
      # name@example.com
      (?<!{_LOCAL}){_LOCAL}++@{_LABEL}(?:\.{_LABEL})++(?<=[^\W\d_]{{2}})
    | # name @ example . com; "Engineer @ Booking.com" is a job, so no capitalised word
      {_NAME}(?![A-Z][A-Za-z]*+[ \t]){_LOCAL}++[ \t]{{0,2}}@[ \t]{{0,2}}
      {_LABEL}(?:\.{_LABEL}){{0,4}}?[ \t]?\.[ \t]?{_TLD}(?:\.{_TLD})?
    | # name [at] example [dot] com
      {_NAME}{_LOCAL}++{_OPEN_AT}(?i:at){_CLOSE_AT}[ \t]?
      {_LABEL}(?:(?:\.|{_OPEN_AT}(?i:dot){_CLOSE_AT}[ \t]?|[ \t](?i:dot)[ \t]){_LABEL})++
    | # name.surname at example dot com; without a dot or digit, "worked at several dot com firms"
      {_NAME}(?=[A-Za-z-]*+[._\d]){_LOCAL}++[ \t]at[ \t]{_LABEL}[ \t]dot[ \t]{_TLD}
    """,
    re.VERBOSE,
)
_EMAIL_HINTS = ("@", " dot ", "at)", "at]", "at}", "at>", "at )", "at ]", "at }", "at >")

# A number is refused inside a longer one, and after signs of money, ids and sums.
# A bracket may follow anything: "cell(555) 010-1234".
_BEFORE = r"(?:(?=\()|(?<![\w+$€£#=])(?<!\d[.,/–-]))"
_AFTER = r"(?!\d)(?![.,/–-]\d)"
_YEARS = r"(?:19|20)\d\d[ ]?(?:[–-]|to)[ ]?(?:(?:19|20)\d\d|\d\d?[/.-])"
_EXTENSION = r"(?:[ ,]{0,2}(?i:extension|ext|x)[ .:]{0,2}\d{1,6}(?!\w))?"
_NUMBER = re.compile(
    rf"""
    (?=[(+\d]){_BEFORE}
    (?:
      # North America: (555) 010-1234, 555.010.1234, +1 555 010 1234
      (?:\(?\+?1\)?[ .-]{{0,2}})?
      (?:
        \([2-9]\d\d\)[ .-]{{0,3}}\d{{3}}[ .-]{{0,3}}\d{{4}}
      | [2-9]\d\d[./-]{{1,3}}[ ]?\d{{3}}[ .-]{{1,3}}\d{{4}}
      | [2-9]\d\d[ ][2-9]\d\d[ .-]\d{{4}}
      )
    | # abroad: +44 20 7946 0958, (+49) 151-23456789, 0044 20 7946 0958
      \(?\+\d(?:(?![ ]{_YEARS})[ ./()–-]{{0,3}}\d){{7,14}}
    | 00[1-9]\d{{0,2}}[ .-]\(?\d(?:(?![ ]{_YEARS})[ .()-]{{0,3}}\d){{6,12}}
    | # as dialled at home in Europe: 020 7946 0958, (0151) 23456789, 06 12 34 56 78
      \(?0[1-9]\d{{1,3}}\)?[ /-]\d{{3,4}}[ -]?\d{{3,4}}
    | 0[1-9](?:[ .-]\d\d){{4}}
    | # ten digits in a row, as American and Indian numbers are written; not after "ID", say
      (?P<bare>[2-9]\d\d[2-9]\d{{6}}|[6-9]\d{{9}})
    ){_AFTER}{_EXTENSION}
    """,
    re.VERBOSE,
)
_ID = re.compile(
    r"(?:\b(?:id|no|nr|num|number|code|key|isbn|issn|account|acct|ref|reference|case|ticket|order|"
    r"invoice|serial|cert\w{0,10}|licen[cs]e|credential|version|build|rev)|[#=])[\s:#.=-]{0,4}\Z",
    _IGNORE,
)
# "Tel: 555-0101", "Mobile no 98410 12345": what says it is a telephone number, and any such.
_LABELLED = re.compile(
    rf"""
    \b(?P<label>(?:telephone|phone|mobile|cell|cellular|tel|ph|fax|whatsapp|pager|contact)
      (?:\.?[ ]?[:#]|\.|\.?[ ](?:no|nr|number)\b[ .:#]?)[ #]{{0,3}})
    (?!{_YEARS})\(?\+?\d(?:(?![ ]{_YEARS})[ ./()–-]{{0,3}}\d){{6,14}}{_AFTER}{_EXTENSION}
    """,
    _IGNORE | re.VERBOSE,
)
_LABEL_HINTS = ("phone", "mobile", "cell", "tel", "ph", "fax", "whatsapp", "pager", "contact")


# Words before "Drive" and the like that make it no street: in a résumé, most often a device.
_NO_STREET = (
    "One|Google|Hard|Disk|Flash|Tape|Test|Local|Network|Shared|Mapped|Zip|USB|Pen|Thumb|Team|Data|"
    "First|Second|Third|Product|Technology|Career|Learning|The|Best|Same|Right|Only|New"
)
_WORD = (
    rf"(?:(?!(?:{_NO_STREET})\b)[A-Z][A-Za-z'’-]{{0,30}}+\.?|\d{{1,3}}(?:st|nd|rd|th|ST|ND|RD|TH))"
)
# Each as in a title or in capitals.
_SURE_STREETS = "Street|Avenue|Ave|Boulevard|Blvd|Parkway|Pkwy"
_SURE_STREETS = f"{_SURE_STREETS}|{_SURE_STREETS.upper()}"
_STREETS = "Road|Rd|Drive|Lane|Ln|Highway|Hwy|Court|Circle|Cir|Terrace|Trail|Place|Way|Square"
_STREETS = f"{_STREETS}|{_STREETS.upper()}|St|ST|Dr|Ct|Pl"
_UNIT_NUMBER = r"[ .#]{0,3}(?:\d{1,5}[A-Za-z]?|[A-Za-z]-?\d{0,4})(?![\w.+])"
_UNIT = rf"(?:,?[ ]{{0,2}}(?i:apt|apartment|suite|ste|unit|floor|fl|rm|room|no){_UNIT_NUMBER})?"
_DIRECTION = r"(?:[ ](?:N|S|E|W|NE|NW|SE|SW|North|South|East|West|So|No)\b\.?)?"
_NAME_OF_RUE = r"[^\W\da-z_][\w'’-]{1,30}"
_STREET = re.compile(
    rf"""
    [0-9](?<![\w$€£#&+.,/@–-][0-9])
    (?:
      # 123 Main Street, 4500 NW 12th Ave. Apt 3; a year before "Dr" or "Road" is the end of a date
      (?:
        [0-9]{{0,5}}(?:-\d{{1,5}})?[A-Za-z]?[ \t](?:{_WORD}[ \t]){{1,4}}(?:{_SURE_STREETS})
      | (?!(?:(?<=1)9|(?<=2)0)\d\d[ \t])
        [0-9]{{0,5}}(?:-\d{{1,5}})?[A-Za-z]?[ \t](?:{_WORD}[ \t]){{1,3}}(?:{_STREETS})(?![ ][Mm]ap)
      | [0-9]{{1,5}}[ ](?!{"|".join(MASKS)})(?:[a-z]{{3,20}}[ ]){{1,2}}(?:street|avenue|boulevard)
      )(?![\w/-])\.?{_DIRECTION}{_UNIT}
    | # 12 bis, rue de Rivoli; 12 place de la Bastille
      [0-9]{{0,3}}(?:[ ]?(?:bis|ter))?,?[ ]
      (?:[Rr]ue|[Aa]llée|[Ii]mpasse|[Qq]uai|[Cc]hemin
        |(?:[Pp]lace|[Aa]venue|[Bb]oulevard|[Bb]d)(?=[ ]d))
      [ ](?:(?:de[ ]la|de[ ]l['’]|des|du|de|d['’])[ ]?)?{_NAME_OF_RUE}(?:[ ]{_NAME_OF_RUE}){{0,2}}
    )
    """,
    re.VERBOSE,
)
_STREET_OTHERWISE = re.compile(
    r"""
    [A-ZÄÖÜap](?<![\w-][A-ZÄÖÜap])
    (?:
      # Hauptstraße 12
      (?<![ap])[a-zäöüß-]{2,40}(?:straße|strasse|str\.)[ ]\d{1,4}[a-z]?(?![\w.,-]?\d)(?!\w)
    | # Apt 4B; not apt 2.0, which installs packages
      (?<=[Aa])(?i:pt|partment)\.?[ ]?\#?[ ]?(?:\d{1,5}[A-Za-z]?|[A-Z]-?\d{1,4})(?![\w+-])(?!\.\d)
    | # P.O. Box 123
      (?<=[Pp])\.?[ ]?[Oo]\.?[ ]?(?i:box)[ ]\#?\d{1,6}(?!\w)
    )
    """,
    re.VERBOSE,
)
_PASSES: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (_URL, URL, ("://", "www")),
    (_PROFILE, URL, _PROFILE_HINTS),
    (_EMAIL, EMAIL, _EMAIL_HINTS),
    (_LABELLED, PHONE, _LABEL_HINTS),
    (_NUMBER, PHONE, ()),
    (_STREET, STREET, ()),
    (_STREET_OTHERWISE, STREET, ()),
)
_ROUNDS = 4


def mask_personal_data(text: str) -> str:
    """Replace e-mail addresses, URLs, telephone and street numbers by the words of ``MASKS``.

    Idempotent, and linear in time: text that is still changing after four rounds was built to
    resist, and its digits and ``@`` become spaces, after which the rest settles. Can lengthen: a
    mask may be longer than what it stands for, and gets spaces where it would touch a word.
    """
    rounds = 0
    while (masked := _mask_once(text)) != text:
        rounds += 1
        text = re.sub(r"[\d@]", " ", masked) if rounds >= _ROUNDS else masked
    return masked


def _mask_once(text: str) -> str:
    """Mask by each pattern once; URLs and e-mail addresses first, for they may contain numbers."""
    # To look for a few words costs much less than to try the patterns at every character.
    small = text.lower()
    for pattern, mask, hints in _PASSES:
        if not hints or any(hint in small for hint in hints):
            masked = _replace(pattern, mask, text)
            if masked != text:
                text, small = masked, masked.lower()
    return text


def _replace(pattern: re.Pattern[str], mask: str, text: str) -> str:
    """Replace each match by ``mask``, with spaces where it would touch other words."""
    done = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal done
        start, end = _extent(pattern, match)
        if start == end:
            return match[0]
        ends_sentence = text[end : end + 1] == "." and not text[end + 1 : end + 2].strip()
        before = "" if start == done or text[start - 1] in _OPENING else " "
        after = "" if end == len(text) or text[end] in _CLOSING or ends_sentence else " "
        done = end
        return text[match.start() : start] + before + mask + after + text[end : match.end()]

    return pattern.sub(replacement, text)


def _extent(pattern: re.Pattern[str], match: re.Match[str]) -> tuple[int, int]:
    """Return where what is to be masked starts and ends; nothing if it is none after all."""
    start, end = match.span()
    if pattern in (_URL, _PROFILE):
        end = start + len(match[0].rstrip(_AFTER_URL))
        # Nothing but the scheme: prose about it.
        return (start, end) if "." in match[0] or end - start > 8 else (start, start)
    if pattern is _LABELLED:
        return match.end("label"), end
    is_bare = pattern is _NUMBER and match["bare"] is not None
    if is_bare and _ID.search(match.string, max(0, start - 24), start):
        return start, start
    return start, end
