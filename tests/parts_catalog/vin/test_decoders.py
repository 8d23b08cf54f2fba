"""What each decoder covers, VIN by VIN, and that the cases in which one of them is wrong are answered honestly.

The published comparison of decoders behind these cases is in docs/vin.md.
"""

import pytest

from ingest.vehicles import VehicleConfig
from parts_catalog.vin.answers import Certainty
from parts_catalog.vin.manufacturers import SOURCE as VININFO
from parts_catalog.vin.signs import read_vin
from parts_catalog.vin.vpic import Found
from tests.parts_catalog.vin.vins import decode, made

CERTAIN, ONE_OF, UNKNOWN = Certainty
# code: maker by our table, and the makes that the code may be. Neither vPIC nor vininfo is asked for these.
OUR_TABLE = {
    "LSV": ("SAIC Volkswagen", {"Volkswagen", "Skoda", "Audi"}),
    "LFV": ("FAW-Volkswagen", {"Volkswagen", "Audi", "Jetta"}),
    "LVS": ("Changan Ford", {"Ford", "Lincoln", "Mazda", "Volvo"}),
    "LBV": ("BMW Brilliance", {"BMW", "Zinoro"}),
    "LHG": ("GAC Honda", {"Honda", "Acura", "Everus"}),
    "LB3": ("Zhejiang Geely", {"Geely", "Lynk & Co", "Geometry", "Galaxy", "Emgrand", "Gleagle", "Englon"}),
    "LGX": ("BYD Auto", {"BYD", "Denza", "Fangchengbao", "Yangwang"}),
    "LC0": ("BYD Auto Industry", {"BYD", "Denza", "Fangchengbao", "Yangwang"}),
    "LSG": ("SAIC General Motors", {"Buick", "Chevrolet", "Cadillac"}),
    "LFM": ("FAW Toyota", {"Toyota"}),
    "WAU": ("Audi AG", {"Audi"}),
    "VF3": ("Automobiles Peugeot", {"Peugeot"}),
    "YV1": ("Volvo Car Corporation", {"Volvo", "Polestar"}),
    "KMH": ("Hyundai Motor", {"Hyundai", "Genesis"}),
}
# code: what vininfo's table says, and a make that must be among the candidates besides.
VININFO_ONLY = {"WVG": ("Volkswagen", "Audi"), "TMB": ("Škoda", "Volkswagen"), "WDX": ("Dodge", "Jeep")}
NO_TABLE = ("LZZ", "L9B", "W77", "TZZ", "L39", "W09")


def never(*_: object) -> Found | None:
    raise AssertionError("vPIC must not be asked")


@pytest.mark.parametrize("wmi", OUR_TABLE)
def test_our_table_knows_the_maker_and_leaves_shared_codes_open(wmi: str):
    maker, makes = OUR_TABLE[wmi]
    decoded = decode(made(wmi), look_up=never)
    assert (decoded.fields["maker"].certainty, decoded.fields["maker"].value) == (CERTAIN, maker)
    assert set(decoded.fields["make"].candidates) == makes
    assert decoded.fields["make"].certainty is (CERTAIN if len(makes) == 1 else ONE_OF)
    assert VININFO not in decoded.fields["maker"].sources
    assert {name for name, field in decoded.fields.items() if field.certainty is CERTAIN} <= {
        "maker",
        "make",
        "maker_country",
    }


@pytest.mark.parametrize("wmi", VININFO_ONLY)
def test_vininfo_gives_candidates_and_no_fact(wmi: str):
    title, other = VININFO_ONLY[wmi]
    decoded = decode(made(wmi), look_up=never)
    maker, make = decoded.fields["maker"], decoded.fields["make"]
    assert (maker.certainty, maker.candidates, maker.sources) == (ONE_OF, (title,), (VININFO,))
    assert make.certainty is ONE_OF
    assert other in make.candidates


@pytest.mark.parametrize("wmi", NO_TABLE)
def test_a_code_in_no_table_has_an_unknown_maker_and_no_near_one(wmi: str):
    decoded = decode(made(wmi), look_up=never)
    assert decoded.fields["maker"].certainty is UNKNOWN
    assert decoded.fields["make"].certainty is UNKNOWN
    assert ("small_maker" if wmi[2] == "9" else "unknown_maker") in {one.rule for one in decoded.notices}


def test_a_chevrolet_cruze_of_shanghai_is_no_cadillac():
    make = decode(made("LSG", "PC52U"), look_up=never).fields["make"]
    assert (make.certainty, make.candidates) == (ONE_OF, ("Buick", "Chevrolet", "Cadillac"))
    told = decode(made("LSG", "PC52U"), hints=VehicleConfig(make="Chevrolet"), look_up=never).fields["make"]
    assert (told.certainty, told.value) == (CERTAIN, "Chevrolet")


@pytest.mark.parametrize(
    ("vin", "years"),
    [
        (made("WAU", "ZZZ8K", "B", filler="0"), (2011, 1981)),
        (made("VF3", "4C9HR", "F", filler="C"), (2015, 1985)),
        (made("YV1", "DZ884", "F", filler="1"), (2015, 1985)),
        (made("LSV", year="T"), (2026, 1996)),
    ],
)
def test_both_cycles_are_offered_and_the_owner_is_asked(vin: str, years: tuple[int, int]):
    decoded = decode(vin, look_up=never)
    assert (decoded.fields["model_year"].certainty, decoded.fields["model_year"].candidates) == (ONE_OF, years)
    [question] = [one for one in decoded.questions if one.field == "model_year"]
    assert question.options == years
    assert question.text_zh == f"年款是哪一个：{years[0]}还是{years[1]}？"
    answered = decode(vin, years[0], look_up=never)
    assert answered.fields["model_year"].value == years[0]
    assert "model_year" not in {one.field for one in answered.questions}


def test_a_year_that_position_10_excludes_is_a_contradiction_and_not_believed():
    for vin in (made("LSV"), made("WAU")):
        decoded = decode(vin, 2015, look_up=never)
        assert decoded.fields["model_year"].certainty is ONE_OF
        assert set(decoded.fields["model_year"].candidates) == {1981, 2011, 2015}
        assert "contradiction:model_year" in {one.rule for one in decoded.notices}


def test_years_to_come_are_left_out_and_one_that_is_left_is_certain_where_the_standard_binds():
    assert decode(made("LSV", year="W"), look_up=never).fields["model_year"].value == 1998
    elsewhere = decode(made("WAU", year="W"), look_up=never).fields["model_year"]
    assert (elsewhere.certainty, elsewhere.candidates) == (ONE_OF, (1998,))
    assert decode(made("LSV", year="W"), latest_year=None, look_up=never).fields["model_year"].candidates == (
        2028,
        1998,
    )


def test_a_code_that_came_later_leaves_one_cycle():
    tesla = decode(made("LRW", "YGCEK", "L"), look_up=never)
    assert {name: tesla.fields[name].value for name in ("maker", "make", "model_year")} == {
        "maker": "Tesla (Shanghai)",
        "make": "Tesla",
        "model_year": 2020,
    }
    assert decode(made("LRW", "YGCEK", "E"), look_up=never).fields["maker"].certainty is ONE_OF


@pytest.mark.parametrize("year", "UZ0")
def test_what_is_no_year_code_tells_no_year(year: str):
    decoded = decode(made("LSV", year=year), look_up=never)
    assert decoded.fields["model_year"].certainty is UNKNOWN
    assert "no_year_code" in {one.rule for one in decoded.notices}


def test_without_vpic_position_7_only_puts_one_cycle_first_and_says_so():
    decoded = decode(made("1HG", "CM826", "B"), look_up=lambda *_: None)
    assert (decoded.fields["model_year"].certainty, decoded.fields["model_year"].candidates) == (ONE_OF, (1981, 2011))
    assert "vpic_not_installed" in {one.rule for one in decoded.notices}
    mexican = decode(made("3VW", "LL7AJ", "B"), look_up=lambda *_: None).fields["model_year"]
    assert mexican.candidates == (2011, 1981)


def test_an_unchecked_vin_of_the_us_is_not_looked_up():
    vin = made("7SA", "YGDEE", "N", filler="Z")
    assert not read_vin(vin).checked
    assert decode(vin, look_up=never).fields["model_line"].certainty is UNKNOWN
