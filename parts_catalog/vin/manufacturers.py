"""The door to vininfo: its table of makers' codes (BSD-3), asked where no rule speaks.

It is one community's list, with some names wrong (Genesis for Hyundai, Dodge for Jeep): what it says is a candidate.
Only its three-sign codes are asked: two signs would be the nearest maker, not this one.
"""

from vininfo.common import Assembler
from vininfo.dicts import COUNTRIES, WMI

from parts_catalog.vin.answers import Claim
from parts_catalog.vin.brands import sharing
from parts_catalog.vin.signs import Vin

SOURCE = "vininfo's manufacturer table"
# What ISO 3780 gives to one country whole, so that the first sign alone tells it.
_WHOLE = {
    "1": "United States",
    "2": "Canada",
    "4": "United States",
    "5": "United States",
    "J": "Japan",
    "L": "China",
    "W": "Germany",
}


def is_small(vin: Vin) -> bool:
    """Whether many small makers share this code: 9 at position 3 moves the rest of it to positions 12 to 14."""
    return vin.text[2] == "9"


def maker_claims(vin: Vin) -> dict[str, Claim]:
    """Give the maker, and the brands that this maker may stand for, as candidates."""
    found = None if is_small(vin) else WMI.get(vin.wmi)
    if found is None:
        return {}
    title = found.manufacturer if isinstance(found, Assembler) else found
    return {
        "maker": Claim((title,), SOURCE, decides=False),
        "make": Claim(sharing(title), SOURCE, decides=False),
    }


def country_claim(vin: Vin) -> Claim:
    """Give the country whose authority gave the maker its code; where the car was built is another question."""
    if vin.text[0] in _WHOLE:
        return Claim((_WHOLE[vin.text[0]],), "position 1 (ISO 3780)")
    named = COUNTRIES.get(vin.text[:2])
    return Claim((named,) if named else (), "vininfo, after ISO 3780", decides=False)
