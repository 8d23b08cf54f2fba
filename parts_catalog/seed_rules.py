"""How the seed catalogue is drawn: invented brands, and per part type which cars take it, how many, at what price."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Brand:
    """An invented brand. `per_mille` scales the price; `pattern` writes a part number from eight digits."""

    name: str
    name_zh: str
    quality: str
    rank: int
    per_mille: int
    pattern: str


BRANDS = (
    Brand("Velmora", "维尔莫拉", "original", 1, 1000, "{0:.5}-{1:.5}"),
    Brand("Hartwen", "哈特文", "aftermarket", 2, 720, "HW {0:.3} {0:.2}{1:.3}"),
    Brand("Qintuo", "钦拓", "economy", 3, 470, "QT{1:.4}.{0:.3}-A"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One part type of the seed.

    `scope` is what one part is made for: an `engine`, a `car`, a `size` (`seed_sizes.py`), or `all` cars. `needs` are
    properties that a car must have. `yuan` is the price without tax of the best brand for a 1.6-litre car. `per`
    counts the pieces: `one`, `cylinder`, `axle` (two), `wheel` (four), `oil`, `coolant` or `fluid` (cans).
    """

    scope: str
    needs: tuple[str, ...]
    yuan: int
    brands: int
    per: str = "one"
    positions: tuple[str | None, ...] = (None,)


def _rule(scope: str, needs: str, yuan: int, brands: int, per: str = "one", positions: str = "") -> Rule:
    return Rule(scope, tuple(needs.split()), yuan, brands, per, tuple(positions.split()) or (None,))


# fmt: off
RULES: Mapping[str, Rule] = MappingProxyType({
    "engine_coolant_thermostat": _rule("engine", "combustion", 145, 1),
    "thermostat_gasket": _rule("engine", "combustion", 18, 1),
    "engine_coolant": _rule("size", "", 62, 2, "coolant"),
    "radiator_coolant_hose": _rule("car", "combustion", 95, 1, "one", "upper lower"),
    "radiator": _rule("car", "combustion", 620, 2),
    "engine_coolant_reservoir": _rule("car", "combustion", 88, 1),
    "water_pump_gasket": _rule("engine", "combustion", 22, 1),
    "engine_water_pump": _rule("engine", "combustion", 320, 2),
    "serpentine_belt": _rule("engine", "belt", 110, 3),
    "belt_tensioner": _rule("engine", "belt", 210, 2),
    "timing_belt_kit": _rule("engine", "diesel", 680, 1),
    "engine_cooling_fan_assembly": _rule("car", "combustion", 740, 2),
    "cooling_fan_relay": _rule("engine", "combustion", 38, 1),
    "engine_coolant_temperature_sensor": _rule("engine", "combustion", 75, 1),
    "mass_air_flow_sensor": _rule("engine", "combustion", 420, 1),
    "air_filter": _rule("engine", "combustion", 58, 3),
    "intake_manifold_gasket": _rule("engine", "combustion", 46, 1),
    "vacuum_hose": _rule("engine", "combustion", 35, 1),
    "pcv_valve": _rule("engine", "spark", 78, 1),
    "fuel_pump_module": _rule("car", "combustion", 690, 2),
    "fuel_filter": _rule("engine", "combustion", 85, 1),
    "fuel_injector": _rule("engine", "combustion", 290, 2, "cylinder"),
    "fuel_injector_o_ring_kit": _rule("engine", "combustion", 42, 1),
    "fuel_pressure_regulator": _rule("engine", "combustion", 230, 1),
    "ignition_coil": _rule("engine", "spark", 185, 2, "cylinder"),
    "spark_plug": _rule("engine", "spark", 52, 3, "cylinder"),
    "glow_plug": _rule("engine", "diesel", 76, 1, "cylinder"),
    "oxygen_sensor": _rule("engine", "combustion", 360, 2, "one", "upstream downstream"),
    "catalytic_converter": _rule("engine", "combustion", 2900, 1),
    "catalytic_converter_gasket": _rule("engine", "combustion", 32, 1),
    "fuel_tank_cap": _rule("car", "combustion", 48, 1),
    "vapor_canister_purge_valve": _rule("engine", "spark", 155, 1),
    "egr_valve": _rule("engine", "combustion", 640, 1),
    "egr_cooler": _rule("engine", "combustion", 820, 1),
    "diesel_particulate_filter": _rule("engine", "diesel", 5200, 1),
    "dpf_differential_pressure_sensor": _rule("engine", "diesel", 240, 1),
    "turbocharger": _rule("engine", "turbo", 3600, 1),
    "intercooler_hose": _rule("engine", "turbo", 165, 1),
    "boost_control_solenoid": _rule("engine", "turbo", 210, 1),
    "fuel_injection_throttle_body": _rule("engine", "combustion", 780, 1),
    "throttle_body_gasket": _rule("engine", "combustion", 16, 1),
    "alternator": _rule("engine", "belt", 1180, 3),
    "vehicle_battery": _rule("size", "", 640, 3),
    "battery_cable": _rule("car", "", 140, 1),
    "starter_motor": _rule("engine", "belt", 860, 2),
    "automatic_transmission_torque_converter": _rule("car", "converter", 2700, 1),
    "automatic_transmission_fluid": _rule("size", "automatic", 78, 2, "fluid"),
    "automatic_transmission_filter": _rule("car", "automatic", 165, 1),
    "clutch_kit": _rule("car", "manual", 780, 2),
    "drive_motor_battery_pack": _rule("car", "high_voltage", 42000, 1),
    "drive_motor_battery_module": _rule("car", "high_voltage", 4300, 1),
    "battery_cooling_fan": _rule("car", "high_voltage", 520, 1),
    "service_disconnect": _rule("car", "high_voltage", 310, 1),
    "high_voltage_cable": _rule("car", "high_voltage", 890, 1),
    "dc_dc_converter": _rule("car", "high_voltage", 2400, 2),
    "on_board_charger": _rule("car", "electric", 3100, 1),
    "oil_filter": _rule("engine", "combustion", 36, 3),
    "engine_oil": _rule("size", "combustion", 68, 3, "oil"),
    "oil_drain_plug_gasket": _rule("engine", "combustion", 5, 1),
    "cabin_air_filter": _rule("car", "", 65, 2),
    "brake_pad_set": _rule("car", "", 260, 3, "one", "front rear"),
    "brake_disc": _rule("car", "", 310, 2, "axle", "front rear"),
    "brake_fluid": _rule("all", "", 45, 2),
    "wiper_blade": _rule("size", "", 48, 3, "one", "driver passenger"),
    "washer_fluid": _rule("all", "", 18, 2),
    "tyre": _rule("size", "", 520, 3, "wheel"),
    "shock_absorber": _rule("car", "", 390, 1, "axle", "front rear"),
    "stabilizer_link": _rule("car", "", 85, 1, "axle", "front"),
    "wheel_bearing": _rule("car", "", 240, 1, "axle", "front rear"),
    "headlight_bulb": _rule("size", "", 38, 2, "axle"),
})
# fmt: on

# Equipment that decides between a brand's two variants of a part: (part type, brand rank) -> equipment.
# The best brand never depends on it: it makes one part that serves both.
VARIANTS: Mapping[tuple[str, int], str] = MappingProxyType(
    {
        ("serpentine_belt", 3): "air_conditioning",
        ("engine_cooling_fan_assembly", 2): "air_conditioning",
        ("alternator", 3): "stop_start",
        ("vehicle_battery", 2): "stop_start",
        ("starter_motor", 2): "stop_start",
        ("brake_pad_set", 2): "brake_wear_sensor",
        ("radiator", 2): "trailer_hitch",
    }
)

# Conditions that only a person can check: (part type, brand rank) -> note; `{size}` is the part's size.
NOTES: Mapping[tuple[str, int], tuple[str, str]] = MappingProxyType(
    {
        **{("tyre", rank): ("the tyres on the car are {size}", "车上轮胎规格为{size}") for rank in (1, 2, 3)},
        ("engine_oil", 3): ("the owner's manual allows SAE {size}", "用户手册允许使用SAE {size}"),
        ("brake_disc", 2): ("the disc on the car measures the same in diameter", "与车上制动盘直径一致"),
    }
)

# Part types in which the second and third brand changed their part in the middle of a production run.
CHANGED_MID_RUN = frozenset(
    {
        "starter_motor",
        "engine_water_pump",
        "alternator",
        "brake_pad_set",
        "oxygen_sensor",
        "ignition_coil",
        "air_filter",
    }
)

# Part types of which every workshop keeps a few pieces of the best brand.
FAST_MOVERS = frozenset(
    {
        "air_filter", "alternator", "belt_tensioner", "brake_disc", "brake_fluid", "brake_pad_set", "cabin_air_filter",
        "engine_coolant", "engine_oil", "headlight_bulb", "oil_drain_plug_gasket", "oil_filter", "serpentine_belt",
        "spark_plug", "vehicle_battery", "washer_fluid", "wiper_blade",
    }
)  # fmt: skip
