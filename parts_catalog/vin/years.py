"""The model year: position 10 repeats every thirty years, and only some standards tell the two cycles apart."""

from collections.abc import Iterator

from parts_catalog.vin.answers import Claim
from parts_catalog.vin.signs import Regime, Vin

FIRST = 1980
CYCLE = 30
_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"
_SECOND_CYCLE = FIRST + CYCLE
_STANDARD = {
    Regime.CHINA: "position 10 (GB 16735)",
    Regime.NORTH_AMERICA: "position 10 (49 CFR 565)",
    Regime.ELSEWHERE: "position 10, if the maker follows ISO 3779 there",
}


def has_year_code(vin: Vin) -> bool:
    """Whether position 10 can mean a year at all: U, Z and 0 cannot."""
    return vin.text[9] in _CODES


def candidate_years(vin: Vin, latest: int | None) -> tuple[int, ...]:
    """Give the years that position 10 can mean, newest first, none after `latest`."""
    if not has_year_code(vin):
        return ()
    year = FIRST + _CODES.index(vin.text[9])
    return tuple(one for one in (year + CYCLE, year) if latest is None or one <= latest)


def year_claims(vin: Vin, latest: int | None, *, light: bool | None) -> Iterator[Claim]:
    """Give what the signs claim. `light`: a car, van or light truck of the US market, whose position 7 tells the cycle.

    None: of the US, and perhaps a heavy truck, so that position 7 only puts one cycle first. Outside China and North
    America position 10 is the maker's own, so it never decides.
    """
    years = candidate_years(vin, latest)
    yield Claim(years, _STANDARD[vin.regime], decides=vin.regime is not Regime.ELSEWHERE)
    if light is not False and vin.regime is Regime.NORTH_AMERICA:
        told = tuple(year for year in years if (year >= _SECOND_CYCLE) is vin.text[6].isalpha())
        yield Claim(told, "position 7 (49 CFR 565.15)", decides=light is True)
