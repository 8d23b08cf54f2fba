"""One key for every way to write a number or a name."""

import pytest

from parts_catalog.spelling import canonical, make_key, name_key, number_key, plain


@pytest.mark.parametrize("written", ["65443-35761", "65443 35761", "6544335761", "65443.35761", "６５４４３３５７６１"])
def test_a_part_number_is_the_same_whatever_separates_it(written: str) -> None:
    assert number_key(written) == "6544335761"


def test_names_lose_case_accents_and_signs() -> None:
    assert name_key("Citroën C3-XR") == "citroenc3xr"
    assert name_key("SEAT León") == name_key("seat leon")


@pytest.mark.parametrize("written", ["VW", "volkswagen", "大众", "Volkswagen "])
def test_a_make_goes_by_many_names(written: str) -> None:
    assert make_key(written) == "volkswagen"


def test_a_make_that_we_do_not_know_keeps_its_own_name() -> None:
    assert make_key("Lynk & Co") == "lynkco"


def test_an_engine_code_is_open_and_other_words_are_a_closed_list() -> None:
    assert canonical("engine_code", "2NR-FE") == "2NRFE"
    assert canonical("transmission", "DSG") == "dct"
    assert canonical("transmission", "teleport") is None


def test_what_cannot_be_printed_is_a_gap() -> None:
    assert plain("Ｂrake\x00pad_set\ud800 ") == "brake pad set"
