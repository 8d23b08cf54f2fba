import pytest

from parts_catalog.vin.signs import NotAVin, Regime, check_digit, read_vin
from tests.parts_catalog.vin.vins import made

PUBLISHED = "1HGCM82633A004352"


@pytest.mark.parametrize("text", ["", PUBLISHED[:-1], PUBLISHED + "0", f" {PUBLISHED}", f"{PUBLISHED}\n"])
def test_another_length_is_refused_and_nothing_is_trimmed_to_fit(text: str):
    with pytest.raises(NotAVin) as refused:
        read_vin(text)
    assert refused.value.extra == {"rule": "length"}


@pytest.mark.parametrize("sign", [*"IOQioq", "-", " ", "ß", "ı", "Ａ", "١"])
@pytest.mark.parametrize("position", [1, 9, 17])
def test_an_impossible_sign_is_refused_with_its_position(sign: str, position: int):
    with pytest.raises(NotAVin) as refused:
        read_vin(PUBLISHED[: position - 1] + sign + PUBLISHED[position:])
    assert refused.value.extra == {"rule": "sign", "position": position}


def test_the_published_check_digits_are_ours():
    assert check_digit(PUBLISHED) == "3"
    assert check_digit("11111111111111111") == "1"
    assert check_digit("1M8GDM9AXKP042788") == "X"


@pytest.mark.parametrize("wmi", ["LSV", "1HG", "2HG", "3VW", "4T1", "5YJ"])
def test_where_a_standard_asks_for_it_the_check_digit_is_hard_and_never_told(wmi: str):
    right = made(wmi)
    wrong = right[:8] + ("1" if right[8] != "1" else "2") + right[9:]
    assert read_vin(right.lower()).text == right
    with pytest.raises(NotAVin) as refused:
        read_vin(wrong)
    assert refused.value.extra == {"rule": "check_digit"}
    assert right not in str(refused.value)


def test_elsewhere_it_is_a_remark():
    assert not read_vin("WVWZZZ1KZBW000001").checked
    assert read_vin(made("WVW")).checked


def test_the_first_sign_says_whose_standard_it_is():
    regimes = {wmi: read_vin(made(wmi)).regime for wmi in ("LSV", "1HG", "3VW", "7SA", "7AT", "WAU", "JTD")}
    assert regimes == {
        "LSV": Regime.CHINA,
        **dict.fromkeys(("1HG", "3VW", "7SA"), Regime.NORTH_AMERICA),
        **dict.fromkeys(("7AT", "WAU", "JTD"), Regime.ELSEWHERE),
    }
