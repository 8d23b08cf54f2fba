"""The sizes of what the seed catalogue sells by size: batteries, fluids, tyres, wiper blades, bulbs."""

from collections.abc import Callable, Mapping

from parts_catalog.seed_vehicles import SeedVehicle

Size = tuple[str, int]


def _big(car: SeedVehicle) -> bool:
    return car.body in {"suv", "mpv", "pickup"}


def _battery(car: SeedVehicle, _: str | None) -> Size:
    litres = car.displacement_l or 0.0
    if car.fuel in {"hybrid", "electric"}:
        return "45 Ah", 750
    if car.fuel == "diesel" or litres > 2.2:
        return "80 Ah", 1350
    return ("60 Ah", 1000) if litres >= 1.5 else ("50 Ah", 850)


def _tyre(car: SeedVehicle, _: str | None) -> Size:
    if _big(car):
        return "225/65 R17", 1450
    return ("185/60 R15", 800) if (car.displacement_l or 2.0) < 1.5 else ("205/55 R16", 1000)


def _wiper_blade(car: SeedVehicle, position: str | None) -> Size:
    if position == "passenger":
        return ("500 mm", 950) if _big(car) else ("450 mm", 900)
    return ("650 mm", 1100) if _big(car) else ("600 mm", 1000)


def _coolant(car: SeedVehicle, _: str | None) -> Size:
    return ("-45 °C", 1100) if car.fuel in {"hybrid", "electric"} else ("-37 °C", 1000)


def _engine_oil(car: SeedVehicle, _: str | None) -> Size:
    return ("0W-20", 1200) if car.year_from >= 2016 else ("5W-30", 1000)


def _transmission_fluid(car: SeedVehicle, _: str | None) -> Size:
    return {"automatic": ("ATF", 1000), "cvt": ("CVT-F", 1250), "dct": ("DCT-F", 1400)}[car.transmission]


def _headlight_bulb(car: SeedVehicle, _: str | None) -> Size:
    return ("H7", 1000) if car.region == "EU" else ("H11", 1200)


# What a catalogue writes for the size, and its price in per mille of the rule's.
SIZES: Mapping[str, Callable[[SeedVehicle, str | None], Size]] = {
    "vehicle_battery": _battery,
    "tyre": _tyre,
    "wiper_blade": _wiper_blade,
    "engine_coolant": _coolant,
    "engine_oil": _engine_oil,
    "automatic_transmission_fluid": _transmission_fluid,
    "headlight_bulb": _headlight_bulb,
}
