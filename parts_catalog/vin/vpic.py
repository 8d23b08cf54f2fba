"""The door to ultravin (extra `forecourt[vin]`): NHTSA's vPIC, for VINs of North America and for no others.

Its data knows what makers told the United States. Of other VINs it knows little and says it with the same face: a
Chevrolet Cruze of Shanghai becomes a Cadillac, an Audi of 2011 one of 1981. So only `decoding.py` asks, and only there.
It is imported when first asked: its 100 MB of tables are mapped into that process then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from parts_catalog.vin.answers import Claim, Value
from parts_catalog.vin.signs import Vin
from parts_catalog.vin.years import CYCLE, FIRST

# vPIC's error codes under which the pattern was found: clean, or a remark on off-road use and on what is incomplete.
_CLEAN = frozenset({0, 9, 10})
_LIGHT = ("PASSENGER CAR", "MULTIPURPOSE PASSENGER VEHICLE (MPV)")
_HEAVIEST_LIGHT_CLASS = 2  # GVWR of at most 10,000 lb: the trucks whose position 7 tells the cycle
# What a row rests on, when it is not on this VIN's own signs.
_NOT_FROM_THE_SIGNS = ("Default", "Vehicle Specs")

_DRIVES = {"FWD": "fwd", "RWD": "rwd", "AWD": "awd", "4WD": "awd"}
_BODIES = {
    "Sedan": "sedan",
    "Hatchback": "hatchback",
    "Wagon": "wagon",
    "Sport Utility Vehicle": "suv",
    "Minivan": "mpv",
    "Pickup": "pickup",
    "Coupe": "coupe",
}
_TRANSMISSIONS = {
    "Automatic": "automatic",
    "Manual": "manual",
    "Continuously Variable": "cvt",
    "Dual-Clutch": "dct",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What vPIC says of a VIN. `clean`: its pattern was found without a doubt; `light`: position 7 tells the cycle."""

    year: int | None
    clean: bool
    light: bool
    claims: Mapping[str, Claim]


Lookup = Callable[[Vin, int | None], Found | None]


def is_installed() -> bool:
    return find_spec("ultravin") is not None


def look_up(vin: Vin, year: int | None) -> Found | None:
    """Ask vPIC, with the model year if it is known; None where ultravin is not installed."""
    if not is_installed():
        return None
    hint = year if year in range(FIRST, FIRST + 2 * CYCLE) else None
    return read(_ultravin().decode(vin.text, year=hint, full=True), source())


@cache
def source() -> str:
    return f"vPIC {_ultravin().provenance()['data_month']}"


def read(answer: Mapping[str, Any], named: str) -> Found:
    """Read an answer of `ultravin.decode(full=True)`."""
    told = {
        row["variable"]: row["value"]
        for row in answer["elements"]
        if row["value"] and not str(row["source"] or "").startswith(_NOT_FROM_THE_SIGNS)
    }
    clean = set(answer["error_codes"]) <= _CLEAN and bool(told.get("Make")) and bool(told.get("Model"))
    claims = {name: Claim(values, named, decides=clean) for name, values in _values(told).items() if values}
    if "engine_code" in claims:  # often the name of a family, not the maker's code
        claims["engine_code"] = Claim(claims["engine_code"].values, named, decides=False)
    return Found(answer["model_year"], clean, _is_light(answer), claims)


def _values(told: Mapping[str, str]) -> dict[str, tuple[Value, ...]]:
    litres, cylinders = told.get("Displacement (L)"), told.get("Engine Number of Cylinders")
    return {
        "maker": _one(told.get("Manufacturer Name")),
        "make": _one(told.get("Make")),
        "model_line": _one(told.get("Model")),
        "fuel": _fuel(told),
        "displacement_l": (round(float(litres), 1),) if litres else (),
        "cylinders": (int(cylinders),) if cylinders else (),
        "engine_code": _one(told.get("Engine Model")),
        "aspiration": ("turbocharged",) if told.get("Turbo") == "Yes" else (),
        "transmission": _word(_TRANSMISSIONS, told.get("Transmission Style")),
        "drive": _word(_DRIVES, told.get("Drive Type")),
        "body": _word(_BODIES, told.get("Body Class")),
        "plant_country": _one(told.get("Plant Country")),
        "plant": _one(told.get("Plant City")),
    }


def _fuel(told: Mapping[str, str]) -> tuple[str, ...]:
    """Petrol may be half of a hybrid, of which many patterns say nothing: then both are candidates."""
    first, second = told.get("Fuel Type - Primary"), told.get("Fuel Type - Secondary")
    electrified = told.get("Electrification Level", "")
    if electrified.startswith(("HEV", "PHEV", "Strong HEV")) or (first == "Gasoline" and second == "Electric"):
        return ("hybrid",)
    if first == "Electric":
        return ("electric",) if not second else ("electric", "hybrid")
    return {"Gasoline": ("petrol", "hybrid"), "Diesel": ("diesel",)}.get(first or "", ())


def _is_light(answer: Mapping[str, Any]) -> bool:
    """Of whatever vPIC rests on: the kind of vehicle that a maker's code is for stands under defaults, too."""
    told = {row["variable"]: row["value"] for row in answer["elements"] if row["value"]}
    kind, weight = told.get("Vehicle Type"), told.get("Gross Vehicle Weight Rating From", "")
    if kind == "TRUCK":  # "Class 2E: 6,001 - 7,000 lb ..."; without a class, it may be a heavy one
        return weight.startswith("Class ") and int(weight[6]) <= _HEAVIEST_LIGHT_CLASS
    return kind in _LIGHT


def _one(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _word(words: Mapping[str, str], value: str | None) -> tuple[str, ...]:
    found = (word for start, word in words.items() if value and value.startswith(start))
    return tuple(found)[:1]


@cache
def _ultravin() -> Any:
    return import_module("ultravin")
