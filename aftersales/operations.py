"""What a workshop does to a car: one row per labour operation, with hours, skills, equipment and spare parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from types import MappingProxyType

from aftersales.cases import SettlementGroup, Wish
from diagnostics.faults import FAULTS
from ingest.vehicles import Fuel

SURE = 0.9  # from this calibrated probability on, the repair is booked without a diagnosis before it (faults.md A2)
LIKELY = 0.5  # below it the diagnosis takes its full hour
# A part is held if P * (cost of a second visit) > cost of giving it back (faults.md A2, rule 2). A second visit costs
# about an hour of the workshop, a part that goes back to its shelf a quarter.
WORTH_HOLDING = 0.25
GRID_MIN = 15  # starts and durations are multiples of this


# What an owner is told about a part that the catalogue cannot name for his car: every required type has its words.
PART_WORDS: Mapping[str, tuple[str, str]] = {
    "engine_coolant_thermostat": ("thermostat", "节温器"),
    "radiator_coolant_hose": ("radiator hose", "散热器水管"),
    "engine_water_pump": ("water pump", "水泵"),
    "engine_cooling_fan_assembly": ("cooling fan", "冷却风扇"),
    "engine_coolant_temperature_sensor": ("coolant temperature sensor", "冷却液温度传感器"),
    "mass_air_flow_sensor": ("air flow meter", "空气流量计"),
    "intake_manifold_gasket": ("intake manifold gasket", "进气歧管垫"),
    "fuel_pump_module": ("fuel pump", "燃油泵"),
    "fuel_injector": ("fuel injector", "喷油器"),
    "fuel_pressure_regulator": ("fuel pressure regulator", "燃油压力调节器"),
    "ignition_coil": ("ignition coil", "点火线圈"),
    "oxygen_sensor": ("oxygen sensor", "氧传感器"),
    "catalytic_converter": ("catalytic converter", "三元催化器"),
    "fuel_tank_cap": ("fuel tank cap", "燃油箱盖"),
    "egr_valve": ("EGR valve", "EGR阀"),
    "diesel_particulate_filter": ("particulate filter", "颗粒捕集器"),
    "turbocharger": ("turbocharger", "涡轮增压器"),
    "fuel_injection_throttle_body": ("throttle body", "节气门体"),
    "alternator": ("alternator", "发电机"),
    "vehicle_battery": ("12 V battery", "12V蓄电池"),
    "starter_motor": ("starter motor", "起动机"),
    "automatic_transmission_torque_converter": ("torque converter", "液力变矩器"),
    "air_filter": ("air filter", "空气滤清器"),
    "drive_motor_battery_pack": ("traction battery", "动力电池总成"),
    "drive_motor_battery_module": ("traction battery module", "动力电池模组"),
    "dc_dc_converter": ("DC/DC converter", "DC-DC转换器"),
    "oil_filter": ("oil filter", "机油滤清器"),
}


@dataclass(frozen=True, slots=True)
class PartNeed:
    """A spare part that an operation takes; what is not `required` is recommended and left out when not at hand."""

    part_type: str
    required: bool
    position: str | None = None  # where on the car, when the type alone does not say


@dataclass(frozen=True, slots=True)
class Operation:
    """One labour operation; `hours` is its fallback time, where no labour guide is licensed."""

    code: str
    en: str
    zh: str
    hours_hundredths: int
    group: SettlementGroup
    skills: frozenset[str]
    equipment: frozenset[str]
    needs: tuple[PartNeed, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """What a visit asks of a workshop: working minutes on the grid, and what technician and bay must have.

    `before` and `after`: minutes for which the bay is taken as well. `operations`: labour minutes by operation, for
    each workshop to time its own way (`Workshop.timed`); none: the times are settled.
    """

    minutes: int
    skills: frozenset[str]
    equipment: frozenset[str]
    before: int = 0
    after: int = 0
    operations: tuple[tuple[str, float], ...] = ()


def _names(written: str) -> frozenset[str]:
    return frozenset(written.split())


def _named(code: str, en: str, zh: str, hundredths: int, group: SettlementGroup, skills: str) -> Operation:
    return Operation(code, en, zh, hundredths, group, _names(skills), frozenset())


DIAGNOSIS = _named("diagnosis", "Diagnosis", "故障诊断", 100, SettlementGroup.DIAGNOSIS, "diagnosis")
SHORT_DIAGNOSIS = _named(
    "short_diagnosis", "Check of the finding", "故障确认检查", 50, SettlementGroup.DIAGNOSIS, "diagnosis"
)
INSPECTION = _named("inspection", "Vehicle inspection", "车辆检测", 100, SettlementGroup.INSPECTION, "general")
_MAINTENANCE = _named("maintenance", "Scheduled maintenance", "定期保养", 100, SettlementGroup.LABOUR, "general")
_MAINTENANCE_PARTS: Mapping[Fuel | None, tuple[PartNeed, ...]] = {
    # An unknown fuel gets no oil ordered for it: the workshop sees the car first.
    None: (PartNeed("cabin_air_filter", required=False),),
    Fuel.ELECTRIC: (PartNeed("cabin_air_filter", required=False),),
}
_COMBUSTION_PARTS = (
    PartNeed("oil_filter", required=True),
    PartNeed("engine_oil", required=False),
    PartNeed("oil_drain_plug_gasket", required=False),
    PartNeed("air_filter", required=False),
    PartNeed("cabin_air_filter", required=False),
)

# fault: (skills, equipment, part types recommended beside the main one). Other part types of a fault are what the
# diagnosis may turn up instead; they are not ordered on suspicion.
_REPAIRS: Mapping[str, tuple[str, str, str]] = {
    "thermostat_stuck_open": ("engine", "lift", "thermostat_gasket engine_coolant"),
    "thermostat_stuck_closed": ("engine", "lift", "thermostat_gasket engine_coolant"),
    "coolant_leak": ("engine", "lift", ""),
    "water_pump": ("engine", "lift", "serpentine_belt engine_coolant"),
    "cooling_fan": ("electrical", "lift", ""),
    "coolant_sensor": ("electrical", "", ""),
    "air_flow_meter": ("electrical", "", "air_filter"),
    "vacuum_leak": ("engine", "", ""),
    "fuel_pump": ("fuel", "lift", "fuel_filter"),
    "injector_clogged": ("fuel", "", "fuel_injector_o_ring_kit"),
    "injector_leaking": ("fuel", "", ""),
    "misfire": ("engine", "", "spark_plug"),
    "upstream_oxygen_sensor": ("engine", "lift", ""),
    "catalyst": ("engine", "lift", "catalytic_converter_gasket"),
    "evap": ("fuel", "lift", ""),
    "egr_stuck_closed": ("engine", "lift", ""),
    "egr_stuck_open": ("engine", "lift", ""),
    "particulate_filter": ("engine", "lift", ""),
    "underboost": ("engine", "lift", ""),
    "throttle_body": ("engine", "", "throttle_body_gasket"),
    "exhaust_restriction": ("engine", "lift", ""),
    "alternator": ("electrical", "lift", "serpentine_belt"),
    "battery_12v": ("electrical", "", ""),
    "starter": ("electrical", "lift", ""),
    "transmission_slip": ("transmission", "lift", "automatic_transmission_fluid automatic_transmission_filter"),
    "air_filter": ("general", "", ""),
    "hybrid_battery": ("high_voltage", "high_voltage lift", ""),
    "traction_battery_fade": ("high_voltage", "high_voltage lift", ""),
    "cell_spread": ("high_voltage", "high_voltage lift", ""),
    "dcdc_converter": ("high_voltage", "high_voltage", ""),
}


_POSITIONS: Mapping[str, str] = {"upstream_oxygen_sensor": "upstream"}


def _repair(name: str) -> Operation:
    fault = FAULTS[name]
    skills, equipment, recommended = _REPAIRS[name]
    main, *_ = fault.part_types
    needs = (
        PartNeed(main, required=True, position=_POSITIONS.get(name)),
        *(PartNeed(other, required=False) for other in recommended.split()),
    )
    return Operation(
        f"repair_{name}",
        f"{fault.en}: repair",
        f"{fault.zh}：维修",
        round(fault.hours * 100),
        SettlementGroup.LABOUR,
        _names(skills),
        _names(equipment),
        needs,
    )


REPAIRS: Mapping[str, Operation] = MappingProxyType({name: _repair(name) for name in _REPAIRS})
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {row.code: row for row in (DIAGNOSIS, SHORT_DIAGNOSIS, INSPECTION, _MAINTENANCE, *REPAIRS.values())}
)


def operations_for_fault(fault: str, probability: float) -> tuple[Operation, ...]:
    """Give the work for a fault: the repair alone when the finding is sure, else a diagnosis first.

    The repair follows in the same visit where holding its parts pays; a weak finding books the diagnosis only.
    """
    repair = REPAIRS[fault]
    if probability >= SURE:
        return (repair,)
    # Even the looking is high-voltage work where the repair is (faults.md A2, rule 4).
    first = replace(
        SHORT_DIAGNOSIS if probability >= LIKELY else DIAGNOSIS,
        skills=DIAGNOSIS.skills | repair.skills,
        equipment=DIAGNOSIS.equipment | repair.equipment,
    )
    return (first, repair) if probability > WORTH_HOLDING else (first,)


def diagnosis_for_fault(fault: str) -> tuple[Operation, ...]:
    """Give the full diagnosis that an owner can book for a fault whose parts cannot be had or told apart yet."""
    return operations_for_fault(fault, 0.0)


def operations_for_wish(wish: Wish, fuel: Fuel | None) -> tuple[Operation, ...]:
    """Give the work for an owner's own wish; a repair in his words begins with a diagnosis, whose result adds lines."""
    if wish is Wish.INSPECTION:
        return (INSPECTION,)
    if wish is Wish.REPAIR:
        return (DIAGNOSIS,)
    return (replace(_MAINTENANCE, needs=_MAINTENANCE_PARTS.get(fuel, _COMBUSTION_PARTS)),)


def work_of(operations: Sequence[Operation]) -> Work:
    """Join operations to what one visit asks of one bay and one technician."""
    labour = tuple((operation.code, operation.hours_hundredths * 60 / 100) for operation in operations)
    return Work(
        on_grid(sum(minutes for _, minutes in labour)),
        frozenset().union(*(operation.skills for operation in operations)),
        frozenset().union(*(operation.equipment for operation in operations)),
        operations=labour,
    )


def on_grid(minutes: float) -> int:
    """Give the minutes that are planned for so many minutes of labour: the next quarter of an hour."""
    return ceil(round(minutes, 6) / GRID_MIN) * GRID_MIN
