"""VINs made by rules: a code, descriptive signs, a year's code; the check digit is worked out where one belongs."""

from typing import Any

from parts_catalog.vin import decode as decode_any
from parts_catalog.vin.answers import Decoded
from parts_catalog.vin.signs import check_digit

LATEST = 2027


def made(
    wmi: str,
    vds: str = "AAAAA",
    year: str = "B",
    plant: str = "A",
    serial: str = "000001",
    *,
    filler: str | None = None,
) -> str:
    """Make a VIN of signs 1-3, 4-8, 10, 11 and 12-17; `filler` stands at position 9 instead of a check digit."""
    vin = f"{wmi}{vds}0{year}{plant}{serial}"
    return f"{vin[:8]}{filler or check_digit(vin)}{vin[9:]}"


def decode(vin: str, *arguments: Any, **options: Any) -> Decoded:
    return decode_any(vin, *arguments, **{"latest_year": LATEST, **options})
