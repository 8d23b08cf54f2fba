"""The fault table: names in both languages, urgency, trouble codes, parts and hours, one row per fault (faults.md A).

A fault is observable on a car only when `minimum_signals` are there: what the physics needs, no more. Rows without
a file in `diagnostics/modes/` are known by name (labels, codes, parts) and are reported as not observable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from diagnostics.findings import Urgency


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault mode. `hours` is the fallback labour time of its repair; `part_types` begins with the main part."""

    number: str
    name: str
    en: str
    zh: str
    urgency: Urgency
    dtcs: tuple[str, ...]
    part_types: tuple[str, ...]
    hours: float
    minimum_signals: tuple[tuple[str, ...], ...] = ()  # every group must have one signal present


def _row(
    number: str, name: str, en: str, zh: str, urgency: Urgency, dtcs: str, part_types: str, hours: float,
    minimum_signals: tuple[tuple[str, ...], ...] = (),
) -> Fault:  # fmt: skip
    return Fault(number, name, en, zh, urgency, tuple(dtcs.split()), tuple(part_types.split()), hours, minimum_signals)


_S1, _S2, _S3 = Urgency.S1, Urgency.S2, Urgency.S3
_TRIMS = (("short_term_fuel_trim_1",), ("long_term_fuel_trim_1",))
_TRIMS_OR_PRESSURE = tuple((trim, "intake_manifold_pressure") for (trim,) in _TRIMS)
# fmt: off
FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in (
    _row("F01", "thermostat_stuck_open", "Thermostat stuck open", "节温器常开", _S3, "P0128 P0125 P0126",
         "engine_coolant_thermostat thermostat_gasket engine_coolant", 1.5,
         (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",),
          ("ambient_air_temperature", "intake_air_temperature"))),
    _row("F02", "thermostat_stuck_closed", "Thermostat stuck closed", "节温器常闭", _S1, "P0217 P0116",
         "engine_coolant_thermostat thermostat_gasket engine_coolant", 1.5,
         (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",))),
    _row("F03", "coolant_leak", "Coolant leak", "冷却液泄漏", _S1, "P0217",
         "radiator_coolant_hose radiator engine_coolant_reservoir water_pump_gasket", 2.0,
         (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",))),
    _row("F04", "water_pump", "Water pump", "水泵故障", _S1, "P0217 P261B",
         "engine_water_pump serpentine_belt engine_coolant", 3.0,
         (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",))),
    _row("F05", "cooling_fan", "Cooling fan", "冷却风扇故障", _S1, "P0480 P0481 P0482 P0483 P0217",
         "engine_cooling_fan_assembly cooling_fan_relay", 1.5,
         (("coolant_temperature",), ("engine_speed",), ("vehicle_speed",))),
    _row("F06", "coolant_sensor", "Coolant temperature sensor", "冷却液温度传感器故障", _S3,
         "P0116 P0117 P0118 P0119", "engine_coolant_temperature_sensor", 0.7,
         (("coolant_temperature",), ("engine_speed",),
          ("intake_air_temperature", "ambient_air_temperature", "oil_temperature"))),
    _row("F07", "air_flow_meter", "Air flow meter", "空气流量计故障", _S3, "P0171 P0174 P0101",
         "mass_air_flow_sensor air_filter", 0.5,
         (("mass_air_flow",), ("engine_speed",), *_TRIMS_OR_PRESSURE)),
    _row("F08", "vacuum_leak", "Vacuum leak", "进气真空泄漏", _S3, "P0171 P0174 P0507 P2279",
         "intake_manifold_gasket vacuum_hose pcv_valve", 1.3,
         (("engine_speed",), ("mass_air_flow", "intake_manifold_pressure"), *_TRIMS_OR_PRESSURE)),
    _row("F09", "fuel_pump", "Fuel pump", "燃油泵故障", _S1, "P0087 P0171 P0191 P2293",
         "fuel_pump_module fuel_filter", 1.8,
         (*_TRIMS, ("engine_speed",), ("mass_air_flow", "intake_manifold_pressure"))),
    _row("F10", "injector_clogged", "Clogged injector", "喷油器堵塞", _S3, "P0171 P0201 P0202 P0203 P0204 P219A",
         "fuel_injector fuel_injector_o_ring_kit", 1.5,
         (*_TRIMS, ("engine_speed",), ("mass_air_flow", "intake_manifold_pressure", "engine_load"))),
    _row("F11", "injector_leaking", "Leaking injector", "喷油器泄漏", _S2, "P0172 P0088 P0089",
         "fuel_pressure_regulator fuel_injector", 1.4,
         (*_TRIMS, ("engine_speed",), ("mass_air_flow", "intake_manifold_pressure", "engine_load"))),
    _row("F12", "misfire", "Misfire", "发动机失火", _S2, "P0300 P0301 P0302 P0303 P0304 P0351 P0352 P0353 P0354",
         "ignition_coil spark_plug", 1.0,
         (("engine_speed",), ("vehicle_speed",), ("short_term_fuel_trim_1",))),
    _row("F13", "upstream_oxygen_sensor", "Upstream oxygen sensor", "前氧传感器故障", _S3,
         "P0133 P0131 P0132 P0134 P0135 P2195 P2196", "oxygen_sensor", 1.2,
         (("short_term_fuel_trim_1",), ("engine_speed",))),
    _row("F14", "catalyst", "Catalytic converter", "三元催化器老化", _S3, "P0420 P0430",
         "catalytic_converter catalytic_converter_gasket", 2.0,
         (("oxygen_sensor_b1s2_voltage",), ("engine_speed",))),
    _row("F15", "evap", "Fuel vapour system", "燃油蒸汽系统故障", _S3, "P0442 P0455 P0456 P0441 P0496",
         "fuel_tank_cap vapor_canister_purge_valve", 0.8,
         (*_TRIMS, ("engine_speed",), ("commanded_evap",))),
    _row("F16", "egr_stuck_closed", "EGR valve stuck closed", "EGR阀卡滞（常闭）", _S3,
         "P0401 P0403 P0404 P0405 P0406", "egr_valve egr_cooler", 1.8),
    _row("F17", "egr_stuck_open", "EGR valve stuck open", "EGR阀卡滞（常开）", _S2, "P0402 P0300",
         "egr_valve egr_cooler", 1.8),
    _row("F18", "particulate_filter", "Particulate filter", "柴油颗粒捕集器堵塞", _S2,
         "P2463 P244A P244B P2002 P242F", "diesel_particulate_filter dpf_differential_pressure_sensor", 2.5),
    _row("F19", "underboost", "Turbo underboost", "涡轮增压不足", _S2, "P0299 P0234 P2263",
         "turbocharger intercooler_hose boost_control_solenoid", 2.5,
         (("intake_manifold_pressure",), ("engine_speed",))),
    _row("F20", "throttle_body", "Throttle body", "节气门体积碳", _S3, "P0506 P0507 P2119 P0638",
         "fuel_injection_throttle_body throttle_body_gasket", 0.7,
         (("throttle_position", "relative_throttle_position"), ("engine_speed",), ("vehicle_speed",))),
    _row("F21", "exhaust_restriction", "Exhaust restriction", "排气堵塞", _S2, "P0420", "catalytic_converter", 2.0,
         (("engine_speed",), ("mass_air_flow", "absolute_load", "intake_manifold_pressure"))),
    _row("F22", "alternator", "Alternator", "发电机故障", _S1, "P0562 P0563 P0620 P0621 P0622",
         "alternator serpentine_belt belt_tensioner", 1.6, (("control_module_voltage",), ("engine_speed",))),
    _row("F23", "battery_12v", "12 V battery", "12V蓄电池老化", _S1, "P0562", "vehicle_battery", 0.4,
         (("control_module_voltage",), ("engine_speed",))),
    _row("F24", "starter", "Starter motor", "起动机故障", _S1, "P0615 P0616 P0617",
         "starter_motor battery_cable", 1.6,
         (("control_module_voltage",), ("engine_speed",))),
    _row("F25", "transmission_slip", "Transmission slip", "变速箱打滑", _S2,
         "P0741 P0730 P0731 P0732 P0733 P0734 P0735 P0736 P0700",
         "automatic_transmission_torque_converter automatic_transmission_fluid automatic_transmission_filter", 8.0,
         (("engine_speed",), ("vehicle_speed",))),
    _row("F26", "air_filter", "Air filter", "空气滤清器堵塞", _S3, "P0101", "air_filter", 0.2,
         (("engine_speed",), ("intake_manifold_pressure", "absolute_load"))),
    _row("F27", "hybrid_battery", "Hybrid battery", "混动电池故障", _S2, "P0A80 P0A7F P0A81 P3011",
         "drive_motor_battery_pack battery_cooling_fan", 3.5),
    _row("F28", "traction_battery_fade", "Traction battery fade", "动力电池容量衰减", _S3, "P0A80 P0BBD",
         "drive_motor_battery_pack", 6.0),
    _row("F29", "cell_spread", "Cell spread", "动力电池单体不一致", _S1, "P0AA6",
         "drive_motor_battery_module service_disconnect high_voltage_cable", 3.0),
    _row("F30", "dcdc_converter", "DC/DC converter", "DC-DC转换器故障", _S1, "P0A94",
         "dc_dc_converter on_board_charger", 2.0),
)})
# fmt: on
