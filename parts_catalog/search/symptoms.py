"""What people say is wrong, and the part types that one would look at first. Not a diagnosis: a place to begin."""

from collections.abc import Mapping
from types import MappingProxyType

from parts_catalog.spelling import plain

# fmt: off
_SYMPTOMS: Mapping[str, str] = {
    "overheat|overheating|engine hot|too hot|temperature high|水温高|水温过高|开锅|发动机过热|高温":
        "engine_coolant_thermostat engine_water_pump engine_cooling_fan_assembly engine_coolant radiator",
    "no heat|heater cold|warms up slowly|暖风不热|升温慢|水温低":
        "engine_coolant_thermostat engine_coolant",
    "losing coolant|coolant leak|漏水|漏防冻液|缺水":
        "radiator_coolant_hose radiator engine_water_pump engine_coolant",
    "battery light|charging light|not charging|蓄电池灯|电瓶灯|不充电|充电灯":
        "alternator serpentine_belt belt_tensioner",
    "won't start|wont start|no start|does not start|clicking|打不着火|启动困难|不着车|点不着":
        "vehicle_battery starter_motor battery_cable",
    "battery flat|dead battery|battery dead|没电|亏电|电瓶没电":
        "vehicle_battery alternator",
    "misfire|misfiring|rough idle|shaking|engine shakes|抖动|缺缸|怠速不稳|发动机抖":
        "ignition_coil spark_plug fuel_injector",
    "no power|loss of power|hesitation|加速无力|动力不足|提速慢":
        "fuel_pump_module fuel_filter air_filter mass_air_flow_sensor",
    "black smoke|rich mixture|冒黑烟":
        "air_filter fuel_injector oxygen_sensor",
    "fuel smell|smells of petrol|汽油味":
        "fuel_tank_cap vacuum_hose",
    "squeal when braking|brakes squeal|brakes grind|刹车异响|刹车尖叫|刹车片磨损":
        "brake_pad_set brake_disc",
    "squealing belt|belt squeal|皮带异响|皮带响":
        "serpentine_belt belt_tensioner",
    "humming wheel|wheel noise|轮毂异响|车轮嗡嗡响":
        "wheel_bearing tyre",
    "knocking suspension|suspension noise|底盘异响|减震异响":
        "stabilizer_link shock_absorber",
    "emissions|exhaust smell|排放超标|尾气超标":
        "catalytic_converter oxygen_sensor",
}
# fmt: on

# Each saying in plain spelling, the longest first, with its part types.
SAYINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    dict(
        sorted(
            (
                (plain(saying), tuple(types.split()))
                for sayings, types in _SYMPTOMS.items()
                for saying in sayings.split("|")
            ),
            key=lambda pair: -len(pair[0]),
        )
    )
)


def symptom_in(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Give the longest symptom that a text in plain spelling tells, with its part types; None where it tells none."""
    padded = f" {text} "
    for saying, types in SAYINGS.items():
        if (f" {saying} " in padded) if saying.isascii() else (saying in text):
            return saying, types
    return None
