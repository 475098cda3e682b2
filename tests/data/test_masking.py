import re
import time
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resumebert.data.cleaning import DEFAULT_STEPS, STEPS, clean
from resumebert.data.masking import EMAIL, MASKS, PHONE, STREET, URL, mask_personal_data

PERSONAL = [
    *("a.b@mail.example.com", "name @ example . com", "name [at] example [dot] com"),
    *("https://example.com/x.", "www.example.com", "linkedin.com/in/jane", "jane.github.io"),
    *("(555) 010-1234", "555.010.1234 x12", "+44 20 7946 0958", "Tel: 555-0101", "06 12 34 56 78"),
    *("9841012345", "020 7946 0958", "0044 20 7946 0958", "+49 (0)151 23456789"),
    *("123 Main Street", "4500 NW 12th Ave. Suite 300", "12 rue de Rivoli", "Hauptstraße 12"),
    *("Apt 4B", "P.O. Box 123", "123 main street", "a.b at example dot com"),
]
PIECES = st.sampled_from(
    [
        *PERSONAL,
        *MASKS,
        *("http://", "www.", "@", ".", "-", "+", "(", ")", ",", ":", "/", "'", '"', "#", "x", "_"),
        *(" ", "  ", "\n", "\t", "at", "dot", "com", "St.", "Street", "Drive", "Main", "rue", "de"),
        *("Tel", "Phone: ", "ext", "id", "1", "12", "555", "0101", "2012", " - ", "to", "é", "apt"),
    ]
)
MESSY = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to J.Smith+cv@mail.example.co.uk, please.", "Write to envelope, please."),
        ("name @ example . com", "envelope"),
        ("jane_doe @ example.com", "envelope"),
        ("name@example .com", "envelope"),
        ("name [at] example [dot] com", "envelope"),
        ("name (at) example.com", "envelope"),
        ("jane.doe at example dot com", "envelope"),
        ("mailto:a@b.org", "mailto:envelope"),
        ("müller@exämple.de", "envelope"),
    ],
)
def test_email_addresses(text, masked):
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("http://example.com/a?b=1.", "www."),
        ("(see https://github.com/x/y)", "(see www)"),
        ("Linkshttps://github.com/x", "Links www"),
        ("HTTPS://EXAMPLE.COM/x@y.com", "www"),
        ("www.example.com/x, and", "www, and"),
        ("linkedin.com/in/jane-doe-123456", "www"),
        ("uk.linkedin.com/in/jane github.com/jane", "www www"),
        ("jane.github.io", "www"),
    ],
)
def test_urls(text, masked):
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("(555) 010-1234", "caller"),
        ("(555)010-1234", "caller"),
        ("555.010.1234", "caller"),
        ("1-800-555-0199", "caller"),
        ("+1 (555) 010-1234 ext. 12", "caller"),
        ("555-010-1234 x12; 555-010-1235", "caller; caller"),
        ("MN 55016 555-010-1234 a@b.com", "MN 55016 caller envelope"),
        ("555-010-1234Email", "caller Email"),
        ("+44 20 7946 0958 2012 - 2015", "caller 2012 - 2015"),
        ("+1 555 010 1234 2012 - 2015", "caller 2012 - 2015"),
        ("+49 (0)151 23456789", "caller"),
        ("+442079460958", "caller"),
        ("(+966) 55 123 4567", "caller"),
        ("0044 20 7946 0958", "caller"),
        ("020 7946 0958", "caller"),
        ("06 12 34 56 78", "caller"),
        ("Tel: 555-0101", "Tel: caller"),
        ("Mobile no. 98410 12345", "Mobile no. caller"),
        ("Phone:5551234567", "Phone:caller"),
        ("9841012345", "caller"),
    ],
)
def test_telephone_numbers(text, masked):
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("123 Main Street", "residence"),
        ("123 MAIN STREET", "residence"),
        ("123 main street", "residence"),
        ("123 Main St., Apt 4B, Springfield", "residence, Springfield"),
        ("4500 NW 12th Ave. Suite 300", "residence"),
        ("1 Shoreline Dr Chicago", "residence Chicago"),
        ("January 2016 2220 Corporate Park Dr, Reno", "January 2016 residence, Reno"),
        ("Apt 4B", "residence"),
        ("P.O. Box 123 and PO Box #4", "residence and residence"),
        ("12 rue de Rivoli, Paris", "residence, Paris"),
        ("12 bis, rue Victor Hugo", "residence"),
        ("Hauptstraße 12, 10115 Berlin", "residence, 10115 Berlin"),
    ],
)
def test_street_numbers(text, masked):
    assert mask_personal_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        *("2012 - 2015", "01/2012 - 03/2015", "2012-2015 2016-2018", "05.12.2014 - 06.11.2016"),
        *("2012-05-01 10:30:00", "Python 3.11.4, C++ 11, C++14", "10.0.0.1, 192.168.100.200/24"),
        *("$60,000 - $70,000", "60000 - 70000", "2,345,678,901", "$5551234567", "12345-6789"),
        *("Springfield, IL 62704", "ASP.NET/C#, Node.js, ADO.NET", "Salesforce.com/Apex"),
        *("Engineer @ Booking.com", "worked at several dot com startups", "React@16.8.0 @Input"),
        *("Office 365 One Drive", "365 and One Drive", "Server 2008/2012/2016", "apt 2.0 apt-get"),
        *(
            "from 2014 to 2016 Drive sales",
            "2013 Junior College St. Louis",
            "2014 Product Road Map",
        ),
        *("Windows Phone 7 2012 - 2015", "Credential ID: 2345678901", "Cert #2345678901"),
        *("70-412 70-411 MS-900", "500 000 0000", "120-240 V 50/60 Hz", "ISO 9001:2015 27001"),
        *("http:// and https", "commit 1234567890abcdef", "1920 x 1080", "GPA: 3.85/4.00", ""),
    ],
)
def test_what_is_no_personal_data_stays(text):
    assert mask_personal_data(text) == text


@given(text=MESSY)
@settings(max_examples=1500, deadline=None)
@example("12 Main Street @ foo.com")
@example("+44 (20) 7946-(0958)@foo.com")
@example("555-010-1234-555-010-1234")
@example("3 12 Main Street Street")
def test_masking_is_idempotent(text):
    once = mask_personal_data(text)
    assert mask_personal_data(once) == once


@given(text=MESSY)
@settings(max_examples=500, deadline=None)
def test_as_a_step_of_cleaning_it_settles(text):
    with mock.patch.dict(STEPS, mask_personal_data=mask_personal_data):
        steps = (*DEFAULT_STEPS, "mask_personal_data")
        once = clean(text, steps)
        assert clean(once, steps) == once


@given(before=MESSY, personal=st.sampled_from(PERSONAL), after=MESSY)
@settings(max_examples=500, deadline=None)
def test_what_identifies_is_gone(before, personal, after):
    masked = mask_personal_data(f"{before} | {personal} | {after}")
    assert f" | {personal} | " not in masked


@given(text=st.text(st.characters(exclude_characters="@/.", exclude_categories=["Nd"])))
@settings(max_examples=200, deadline=None)
def test_text_without_digits_and_signs_stays(text):
    masked = mask_personal_data(text)
    assert masked == text or re.search(r"\bat\b|\bdot\b|apt|apartment", text, re.IGNORECASE)


def test_each_mask_is_one_token_wherever_it_stands(tokenizer):
    assert (EMAIL, URL, PHONE, STREET) == MASKS
    for mask in MASKS:
        assert len(tokenizer.encode([mask])[0]) == 1
    [a] = {int(i) for i in tokenizer.encode([EMAIL])[0]}
    for text in ("x{}y", "({})", "é{}é", "{}.", "•{}•", "x_{}_", "\u200b{}\u200b"):
        masked = mask_personal_data(text.format("(at)").replace("(at)", "<a@b.com>"))
        assert a in tokenizer.encode([masked])[0], masked
    [phone] = {int(i) for i in tokenizer.encode([PHONE])[0]}
    for text in ("x(555) 010-1234y", "•555-010-1234•", "é(555) 010-1234\u0301", "555-010-1234_"):
        assert phone in tokenizer.encode([mask_personal_data(text)])[0], text


HOSTILE = [
    *("a", "a.", "a-", "1", "1 ", "1-", "12 Main ", "(", "+", "+1 ", "0 ", "a@", "@", "a@b.", "A "),
    *("(555) 010-1234", "(555) 010-1234a@b.com", "+442079460958(", "12 Main St. @ a.com "),
    *("www.", "http", "http://", "x.github.", "Tel ", "Tel: ", "123 ", "555-", "555-010-1234-"),
    *("1 a ", "Main Street ", "a at b ", "a [at] b ", "[", " .", ". ", "apt ", "P.O", "Aaa", "ß"),
    *("a @ ", "a @ b . ", "a (at) b (dot) ", "2012 - ", "caller ", "12 rue de ", "12th ", "00 1-"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear(piece):
    text = piece * (200_000 // len(piece))
    # Of this process alone, whatever else the machine does.
    began = time.process_time()
    mask_personal_data(text)
    # It takes tenths of a second. Time quadratic in so many characters would be some minutes on the
    # fastest of machines.
    assert time.process_time() - began < 30
