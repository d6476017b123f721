import datetime as dt

import pytest

from classify.candidates import Candidate, Setting
from classify.identifiers import (
    find_codes,
    find_ibans,
    find_labelled_malos,
    find_malos,
    find_melos,
    find_meters,
    malo_holds,
    registered_holds,
)
from classify.labelled import find_configured
from models.classification import Check
from models.config import Number, Numbers

SETTING = Setting(dt.date(2026, 2, 10), Numbers())


def test_a_market_location_has_eleven_digits_and_the_right_last_one() -> None:
    assert all(malo_holds(number) for number in ("51238696781", "74018657187", "10024073272"))
    assert not any(
        malo_holds(number) for number in ("12345678901", "51238696782", "15238696781", "5123869678", "01238696781")
    )


def test_registered_mail_is_checked_by_its_weights() -> None:
    assert registered_holds("RR123456785DE")
    assert not registered_holds("RR123456784DE")


@pytest.mark.parametrize(
    ("written", "value", "check"),
    [
        ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000", Check.valid),
        ("de89370400440532013000", "DE89370400440532013000", Check.valid),
        ("DE 89-3704-0044-0532-0130-00", "DE89370400440532013000", Check.valid),
        ("DE89 3704 0044 O532 O13O OO", "DE89370400440532013000", Check.valid),
        ("DE89 3704 0044 0532 0130 01", "DE89370400440532013001", Check.invalid),
        ("PL58 1020 1026 5067 6775 7221 8365", "PL58102010265067677572218365", Check.valid),
    ],
)
def test_ibans_are_read_however_they_are_spaced_and_repaired_only_where_the_sum_holds(
    written: str, value: str, check: Check
) -> None:
    text = f"Konto {written}, ab 01.04."
    assert list(find_ibans(text, SETTING)) == [Candidate("iban", 6, 6 + len(written), value, check)]


def test_an_iban_with_a_wrong_digit_is_not_repaired_even_with_letters_in_it() -> None:
    (found,) = find_ibans("DE89 3704 0044 O532 O13O O1", SETTING)
    assert (found.value, found.check) == (
        "DE893704004405320130O1".replace("0532", "O532").replace("0130O1", "O13OO1"),
        Check.invalid,
    )


@pytest.mark.parametrize(
    "written", ["1EMH0012345678", "1 EMH00 1234 5678", "1 EMH 00 12345678", "1EMH00-1234-5678", "1emh0012345678"]
)
def test_meter_numbers_are_read_in_every_spacing(written: str) -> None:
    (found,) = find_meters(f"Zähler {written} im Keller", SETTING)
    assert (found.value, found.check) == ("1EMH0012345678", Check.unchecked)


def test_a_date_is_no_meter_number() -> None:
    assert list(find_meters("1 Mai 20261030 12", SETTING)) == []


def test_a_metering_location_has_thirty_three_signs() -> None:
    (found,) = find_melos("MeLo DE 001234 47051 0000 0000 0000 0001 2345.", SETTING)
    assert found.value == "DE0012344705100000000000000012345"


def test_a_labelled_market_location_is_given_even_if_it_is_wrong_and_repaired_only_if_that_makes_it_right() -> None:
    assert [found[3:] for found in find_labelled_malos("MaLo-ID: 51238696782", SETTING)] == [
        ("51238696782", Check.invalid)
    ]
    assert [found[3:] for found in find_labelled_malos("MaLo 5123869678l", SETTING)] == [("51238696781", Check.valid)]
    assert list(find_labelled_malos("MaLo 5123869679l", SETTING)) == []


def test_without_a_label_only_a_valid_market_location_counts() -> None:
    assert [found.value for found in find_malos("51238696781 und 51238696782", SETTING)] == ["51238696781"]


def test_codes_are_found_with_their_checks() -> None:
    text = "BIC: COBADEFFXXX, Register 1-0:1.8.0, Sendung RR123456784DE, am 1.8.25"
    assert [(found.kind, found.value, found.check) for found in find_codes(text, SETTING)] == [
        ("obis", "1-0:1.8.0", Check.unchecked),
        ("bic", "COBADEFFXXX", Check.valid),
        ("einschreiben", "RR123456784DE", Check.invalid),
    ]


@pytest.mark.parametrize(("check", "written", "expected"), [
    ("none", "K-12345", Check.unchecked),
    ("luhn", "K-18", Check.valid),
    ("luhn", "K-19", Check.invalid),
    ("mod97", "K-98", Check.valid),
    ("mod97", "K-99", Check.invalid),
    ("mod11", "K-12340", Check.valid),
    ("mod11", "K-12341", Check.invalid),
])  # fmt: skip
def test_numbers_in_the_form_of_this_utility_are_found_without_a_label(
    check: str, written: str, expected: Check
) -> None:
    number = Number.model_validate({"pattern": r"K-\d+", "check": check})
    found = list(find_configured(f"betrifft {written}.", Setting(None, Numbers(kundennummer=(number,)))))
    assert [(one.kind, one.value, one.check) for one in found] == [("kundennummer", written, expected)]
