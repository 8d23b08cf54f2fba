"""The part types: what a part is, in both languages, with the other words people look for it by."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from foundation.refusals import NotFound
from parts_catalog.spelling import name_key, plain, singular, snake_case


@dataclass(frozen=True, slots=True)
class PartType:
    """One row. `category` groups types in pickers; `synonyms` are other names in either language."""

    name: str
    category: str
    en: str
    zh: str
    synonyms: tuple[str, ...] = ()


def _row(name: str, category: str, en: str, zh: str, synonyms: str = "") -> PartType:
    return PartType(name, category, en, zh, tuple(filter(None, synonyms.split("|"))))


# fmt: off
PART_TYPES: Mapping[str, PartType] = MappingProxyType({part_type.name: part_type for part_type in (
    _row("engine_coolant_thermostat", "cooling", "Thermostat", "节温器", "coolant thermostat|调温器"),
    _row("thermostat_gasket", "cooling", "Thermostat gasket", "节温器密封垫", "seal|密封圈"),
    _row("engine_coolant", "fluids", "Coolant", "冷却液", "antifreeze|防冻液"),
    _row("radiator_coolant_hose", "cooling", "Radiator hose", "散热器水管", "coolant hose|水箱水管"),
    _row("radiator", "cooling", "Radiator", "散热器", "水箱"),
    _row("engine_coolant_reservoir", "cooling", "Coolant reservoir", "冷却液膨胀壶", "expansion tank|副水壶"),
    _row("water_pump_gasket", "cooling", "Water pump gasket", "水泵密封垫", "seal"),
    _row("engine_water_pump", "cooling", "Water pump", "水泵", "coolant pump|冷却液泵"),
    _row("serpentine_belt", "belts", "Serpentine belt", "多楔皮带", "v-ribbed belt|drive belt|发电机皮带|附件皮带"),
    _row("belt_tensioner", "belts", "Belt tensioner", "皮带张紧轮", "涨紧轮"),
    _row("timing_belt_kit", "belts", "Timing belt kit", "正时皮带套装", "cambelt|正时套件"),
    _row("engine_cooling_fan_assembly", "cooling", "Cooling fan assembly", "冷却风扇总成", "radiator fan|电子扇"),
    _row("cooling_fan_relay", "cooling", "Cooling fan relay", "冷却风扇继电器"),
    _row("engine_coolant_temperature_sensor", "cooling", "Coolant temperature sensor", "冷却液温度传感器",
         "水温传感器"),
    _row("mass_air_flow_sensor", "intake", "Mass air flow sensor", "空气流量传感器",
         "MAF|air flow sensor|air flow meter|空气流量计"),
    _row("air_filter", "filters", "Air filter", "空气滤清器", "空滤|空气滤芯"),
    _row("intake_manifold_gasket", "intake", "Intake manifold gasket", "进气歧管垫", "seal"),
    _row("vacuum_hose", "intake", "Vacuum hose", "真空管", "真空软管"),
    _row("pcv_valve", "intake", "PCV valve", "曲轴箱通风阀", "crankcase ventilation|废气阀"),
    _row("fuel_pump_module", "fuel", "Fuel pump module", "燃油泵总成", "汽油泵|燃油泵"),
    _row("fuel_filter", "filters", "Fuel filter", "燃油滤清器", "汽滤|柴滤|燃油滤芯"),
    _row("fuel_injector", "fuel", "Fuel injector", "喷油器", "喷油嘴"),
    _row("fuel_injector_o_ring_kit", "fuel", "Injector seal kit", "喷油器密封圈套装", "o-ring|喷油嘴油封"),
    _row("fuel_pressure_regulator", "fuel", "Fuel pressure regulator", "燃油压力调节器", "油压调节阀"),
    _row("ignition_coil", "ignition", "Ignition coil", "点火线圈", "高压包"),
    _row("spark_plug", "ignition", "Spark plug", "火花塞", "火嘴"),
    _row("glow_plug", "ignition", "Glow plug", "预热塞", "电热塞"),
    _row("oxygen_sensor", "exhaust", "Oxygen sensor", "氧传感器", "lambda sensor|O2"),
    _row("catalytic_converter", "exhaust", "Catalytic converter", "三元催化器", "catalyst|三元催化"),
    _row("catalytic_converter_gasket", "exhaust", "Catalytic converter gasket", "三元催化器垫片", "seal|排气垫"),
    _row("fuel_tank_cap", "fuel", "Fuel tank cap", "燃油箱盖", "油箱盖"),
    _row("vapor_canister_purge_valve", "fuel", "Canister purge valve", "碳罐电磁阀", "EVAP"),
    _row("egr_valve", "exhaust", "EGR valve", "EGR阀", "废气再循环阀"),
    _row("egr_cooler", "exhaust", "EGR cooler", "EGR冷却器", "废气再循环冷却器"),
    _row("diesel_particulate_filter", "exhaust", "Diesel particulate filter", "柴油颗粒捕集器", "DPF"),
    _row("dpf_differential_pressure_sensor", "exhaust", "DPF pressure sensor", "颗粒捕集器压差传感器"),
    _row("turbocharger", "intake", "Turbocharger", "涡轮增压器", "turbo"),
    _row("intercooler_hose", "intake", "Intercooler hose", "中冷器管", "charge air hose|增压管"),
    _row("boost_control_solenoid", "intake", "Boost control solenoid", "增压控制电磁阀", "N75"),
    _row("fuel_injection_throttle_body", "intake", "Throttle body", "节气门体", "节气门总成"),
    _row("throttle_body_gasket", "intake", "Throttle body gasket", "节气门垫", "seal"),
    _row("alternator", "electrical", "Alternator", "发电机", "generator|交流发电机"),
    _row("vehicle_battery", "electrical", "Battery", "蓄电池", "12 V battery|starter battery|电瓶|12V蓄电池"),
    _row("battery_cable", "electrical", "Battery cable", "蓄电池电缆", "电瓶线"),
    _row("starter_motor", "electrical", "Starter motor", "起动机", "马达|启动机"),
    _row("automatic_transmission_torque_converter", "drivetrain", "Torque converter", "液力变矩器", "变矩器"),
    _row("automatic_transmission_fluid", "fluids", "Transmission fluid", "自动变速箱油", "ATF|CVT|变速箱油"),
    _row("automatic_transmission_filter", "drivetrain", "Transmission filter", "自动变速箱滤清器", "变速箱滤网"),
    _row("clutch_kit", "drivetrain", "Clutch kit", "离合器套件", "离合器三件套"),
    _row("drive_motor_battery_pack", "high_voltage", "Traction battery pack", "动力电池总成", "high-voltage battery"),
    _row("drive_motor_battery_module", "high_voltage", "Traction battery module", "动力电池模组", "cell module|电芯"),
    _row("battery_cooling_fan", "high_voltage", "Traction battery fan", "动力电池冷却风扇"),
    _row("service_disconnect", "high_voltage", "Service disconnect", "高压维修开关", "service plug|MSD"),
    _row("high_voltage_cable", "high_voltage", "High-voltage cable", "高压线束", "高压电缆"),
    _row("dc_dc_converter", "high_voltage", "DC/DC converter", "DC-DC转换器", "DCDC|直流转换器"),
    _row("on_board_charger", "high_voltage", "On-board charger", "车载充电机", "OBC"),
    _row("oil_filter", "filters", "Oil filter", "机油滤清器", "机滤|机油滤芯"),
    _row("engine_oil", "fluids", "Engine oil", "发动机机油", "motor oil|机油|润滑油"),
    _row("oil_drain_plug_gasket", "engine", "Oil drain plug gasket", "放油螺塞垫片", "seal washer"),
    _row("cabin_air_filter", "filters", "Cabin air filter", "空调滤清器", "pollen filter|空调滤芯|空调滤"),
    _row("brake_pad_set", "brakes", "Brake pad set", "制动片", "brake pads|刹车片|刹车皮"),
    _row("brake_disc", "brakes", "Brake disc", "制动盘", "brake rotor|刹车盘|刹车碟"),
    _row("brake_fluid", "fluids", "Brake fluid", "制动液", "DOT 4|刹车油"),
    _row("wiper_blade", "body", "Wiper blade", "雨刮片", "雨刷|雨刮器"),
    _row("washer_fluid", "fluids", "Washer fluid", "玻璃水", "screen wash|玻璃清洗液"),
    _row("tyre", "wheels", "Tyre", "轮胎", "tire"),
    _row("shock_absorber", "suspension", "Shock absorber", "减震器", "damper|避震器|减振器"),
    _row("stabilizer_link", "suspension", "Stabiliser link", "稳定杆连杆", "anti-roll bar|平衡杆"),
    _row("wheel_bearing", "suspension", "Wheel bearing", "轮毂轴承", "hub bearing"),
    _row("headlight_bulb", "body", "Headlight bulb", "大灯灯泡", "H7 lamp|前照灯"),
)})
# fmt: on

UNCLASSIFIED = "unclassified"  # the part type of a part of which no file has told one yet

# Words that may stand inside a run of Chinese, the longest first.
CHINESE_TERMS = sorted(
    {term for part_type in PART_TYPES.values() for term in (part_type.zh, *part_type.synonyms) if not term.isascii()},
    key=lambda term: (-len(term), term),
)

_NAMES = {
    part_type.name: [
        frozenset(singular(word) for word in plain(name).split())
        for name in (part_type.en, part_type.zh, *part_type.synonyms)
    ]
    for part_type in PART_TYPES.values()
}
# The part types in whose names a word stands.
_SPOKEN_BY = {
    word: frozenset(name for name, names in _NAMES.items() if any(word in one for one in names))
    for word in frozenset().union(*(one for names in _NAMES.values() for one in names))
}
_BY_NAME = {
    key: part_type for part_type in PART_TYPES.values() for key in (name_key(part_type.en), name_key(part_type.zh))
}


def part_type_of(written: str) -> PartType:
    """Give the part type by its name or by either language's words for it. Raises `NotFound`.

    A type that a file names by a code which no list explains goes by that code (`pcdb_1896`).
    """
    name = snake_case(written)
    found = PART_TYPES.get(name) or _BY_NAME.get(name_key(written))
    if name == UNCLASSIFIED:
        return PartType(name, "other", "Not classified", "未分类")
    if found is None and (coded := re.fullmatch(r"pcdb_(\d{1,9})", name)):
        return PartType(name, "other", f"Part type {coded[1]} (PCdb)", f"配件类型{coded[1]}（PCdb）")
    if found is None:
        raise NotFound(f"the catalogue knows no part type {written!r}")
    return found


def named_types(words: Sequence[str]) -> list[str]:
    """Give the part types that the words of a search name, only the most specific (a battery cable is no battery)."""
    said = {singular(word) for word in words}
    touched = {name for word in said for name in _SPOKEN_BY.get(word, ())}
    named = {
        name: names
        for name in PART_TYPES
        if name in touched and (names := max((n for n in _NAMES[name] if n <= said), key=len, default=None))
    }
    return [name for name, names in named.items() if not any(names < other for other in named.values())]
