"""North American VINs through ultravin, where the extra `vin` is installed."""

import subprocess
import sys

import pytest

from parts_catalog.vin import vpic
from parts_catalog.vin.answers import Certainty
from tests.parts_catalog.vin.vins import decode, made

pytestmark = pytest.mark.skipif(
    not vpic.is_installed(), reason="ultravin is not installed: pip install 'forecourt[vin]'"
)
CERTAIN, ONE_OF, UNKNOWN = Certainty
# The descriptive signs are those that makers filed with NHTSA; serials are invented, check digits worked out.
US_MARKET = {
    "1HGCM82633A004352": ("HONDA", "Accord", 2003, 3.0),
    made("1C4", "RJFBG", "F"): ("JEEP", "Grand Cherokee", 2015, 3.6),
    made("5NP", "E24AF", "F", "H"): ("HYUNDAI", "Sonata", 2015, 2.4),
    made("5YJ", "3E1EA", "J", "F"): ("TESLA", "Model 3", 2018, None),
    made("7SA", "YGDEE", "N"): ("TESLA", "Model Y", 2022, None),
}


@pytest.mark.parametrize("vin", US_MARKET)
def test_vpic_covers_make_model_and_year_of_the_us_market(vin: str):
    fields = decode(vin).fields
    told = tuple(fields[name].value for name in ("make", "model_line", "model_year", "displacement_l"))
    assert told == US_MARKET[vin]
    assert fields["plant_country"].value == "UNITED STATES (USA)"
    assert fields["make"].sources == (vpic.source(),)


def test_a_jeep_is_no_dodge_and_petrol_may_be_half_of_a_hybrid():
    jeep = decode(made("1C4", "RJFBG", "F")).fields
    assert (jeep["make"].value, jeep["body"].value, jeep["drive"].value) == ("JEEP", "suv", "awd")
    assert (jeep["fuel"].certainty, jeep["fuel"].candidates) == (ONE_OF, ("petrol", "hybrid"))


def test_of_an_electric_car_nobody_asks_for_litres():
    assert decode(made("7SA", "YGDEE", "N")).questions == []


def test_a_pattern_that_vpic_does_not_find_makes_nothing_certain():
    fields = decode(made("3VW", "ZZZ1K", "9")).fields
    assert (fields["make"].certainty, fields["make"].candidates) == (ONE_OF, ("VOLKSWAGEN",))
    assert fields["model_line"].certainty is UNKNOWN
    assert fields["model_year"].value == 2009


def test_position_7_counts_for_mexico_only_where_the_us_was_told():
    unknown = decode(made("3VW", "ZZZ1K", "B")).fields["model_year"]
    assert (unknown.certainty, unknown.candidates) == (ONE_OF, (2011, 1981))


def test_position_7_does_not_count_for_a_heavy_truck():
    fields = decode(made("1FU", "JGLDR", "C")).fields
    assert (fields["model_year"].certainty, fields["model_year"].candidates) == (ONE_OF, (2012, 1982))
    assert (fields["make"].certainty, fields["make"].candidates) == (ONE_OF, ("FREIGHTLINER",))


def test_a_small_maker_that_does_not_keep_position_7_is_left_open():
    fields = decode("1S9FG18F2TBS10684").fields  # vPIC has its pattern from 2026 on, position 7 says 1996
    assert fields["model_year"].certainty is ONE_OF
    assert set(fields["model_year"].candidates) == {1996, 2026}
    assert fields["make"].certainty is ONE_OF


def test_another_year_than_the_signs_allow_is_a_contradiction():
    fields = decode("1HGCM82633A004352", 1995).fields
    assert fields["model_year"].certainty is ONE_OF
    assert {1995, 2003} <= set(fields["model_year"].candidates)
    assert fields["model_line"].certainty is not CERTAIN


def test_the_tables_are_not_read_before_a_vin_needs_them():
    ask = f"import sys; from parts_catalog.vin import decode; decode({made('LSV')!r}); print('ultravin' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
