"""The signals a car can report, and the OBD parameter identifiers (PIDs) that carry them: one row per fact.

A signal's name is the snake_case of its COVESA VSS OBD leaf, spelled out where VSS abbreviates. Values inside
Forecourt are physical, in the unit of the row; a scale factor occurs in `PIDS` only. Formulas: SAE J1979 mode 01.

Left out: states and texts (01-03, 12, 13, 1C-1E, 41, 51, 5F, 65), the maxima 4F and 50 (they rescale other PIDs, which
is not applied), and above 5F the layouts we are not sure of (6A, 6B, 6E-77, 7A, 7B, 81-83, 85-8C, 98, 99, 9B, 9C, 9F,
A1, A3, A5). 14-1B and 24-3B are placed as PID 13 says, two banks of four sensors. One table, hence one long file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "%": "per cent",
        "1": "ratio",
        "A": "ampere",
        "count": "count",
        "deg": "degree of crank angle",
        "degC": "degree Celsius",
        "g/s": "gram per second",
        "kg/h": "kilogram per hour",
        "kPa": "kilopascal, absolute unless the name says otherwise",
        "km": "kilometre",
        "km/h": "kilometre per hour",
        "L/h": "litre per hour",
        "mA": "milliampere",
        "mg/stroke": "milligram per stroke",
        "min": "minute",
        "Nm": "newton metre",
        "Pa": "pascal",
        "rpm": "revolution per minute",
        "s": "second",
        "V": "volt",
    }
)


@dataclass(frozen=True, slots=True)
class Signal:
    """A measured quantity.

    `minimum`..`maximum` is what the wire can carry: a value outside is impossible and is rejected.
    `low`..`high` is what a running car shows: a value outside is stored with the flag IMPLAUSIBLE.
    `max_rate` is the fastest believable change in units per second (None: any), judged over at least one second.
    `vss` is empty where VSS has no leaf for it.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    low: float
    high: float
    max_rate: float | None
    vss: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Field:
    """One signal inside a PID's data bytes: physical = raw * scale + offset, raw big-endian from byte `start`.

    `present` (byte, bit): the field is there only when that support bit among the data bytes is set. `unused`: the raw
    value by which the car says that it has nothing to say here.
    """

    signal: str
    start: int
    width: int
    scale: float
    offset: float = 0.0
    signed: bool = False
    present: tuple[int, int] | None = None
    unused: int | None = None


@dataclass(frozen=True, slots=True)
class Pid:
    """A mode 01 parameter: its number, the length of its data in bytes, and the signals in it."""

    number: int
    length: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class _Later:
    """A signal of the PIDs from 55 on and the field that carries it: what its bytes can say is its possible range."""

    pid: int
    length: int
    field: Field
    unit: str
    en: str
    zh: str
    vss: str = ""

    def signal(self) -> Signal:
        field, values = self.field, 2 ** (8 * self.field.width)
        lowest = -(values // 2) if field.signed else 0
        minimum, maximum = (raw * field.scale + field.offset for raw in (lowest, lowest + values - 1))
        return Signal(field.signal, self.unit, minimum, maximum, minimum, maximum, None, self.vss, self.en, self.zh)


def _later() -> Iterator[_Later]:
    percent, trim, torque, temperature = (100 / 255, 0.0), (100 / 128, -100.0), (1.0, -125.0), (1.0, -40.0)
    # fmt: off
    rows: list[tuple[int, int, str, int, int, tuple[float, float], int | None, str, str, str]] = [
        # PID, length, signal, first byte, width, (scale, offset), support bit in the first byte, unit, en, zh
        (0x61, 1, "demanded_torque", 0, 1, torque, None, "%", "Torque demanded by the driver", "驾驶员需求扭矩"),
        (0x62, 1, "actual_torque", 0, 1, torque, None, "%", "Engine torque", "发动机实际扭矩"),
        (0x63, 2, "reference_torque", 0, 2, (1, 0), None, "Nm", "Reference torque", "发动机参考扭矩"),
        (0x64, 5, "torque_at_idle", 0, 1, torque, None, "%", "Torque at idle", "怠速扭矩"),
        (0x64, 5, "torque_at_point_2", 1, 1, torque, None, "%", "Torque at point 2", "第2点扭矩"),
        (0x64, 5, "torque_at_point_3", 2, 1, torque, None, "%", "Torque at point 3", "第3点扭矩"),
        (0x64, 5, "torque_at_point_4", 3, 1, torque, None, "%", "Torque at point 4", "第4点扭矩"),
        (0x64, 5, "torque_at_point_5", 4, 1, torque, None, "%", "Torque at point 5", "第5点扭矩"),
        (0x66, 5, "mass_air_flow_a", 1, 2, (1 / 32, 0), 0, "g/s", "Air flow, sensor A", "空气流量A"),
        (0x66, 5, "mass_air_flow_b", 3, 2, (1 / 32, 0), 1, "g/s", "Air flow, sensor B", "空气流量B"),
        (0x67, 3, "coolant_temperature_1", 1, 1, temperature, 0, "degC", "Coolant, sensor 1", "冷却液温度1"),
        (0x67, 3, "coolant_temperature_2", 2, 1, temperature, 1, "degC", "Coolant, sensor 2", "冷却液温度2"),
        (0x69, 7, "commanded_egr_a", 1, 1, percent, 0, "%", "Commanded EGR A", "EGR指令A"),
        (0x69, 7, "actual_egr_a", 2, 1, percent, 1, "%", "Actual EGR A", "EGR实际开度A"),
        (0x69, 7, "egr_error_a", 3, 1, trim, 2, "%", "EGR error A", "EGR误差A"),
        (0x69, 7, "commanded_egr_b", 4, 1, percent, 3, "%", "Commanded EGR B", "EGR指令B"),
        (0x69, 7, "actual_egr_b", 5, 1, percent, 4, "%", "Actual EGR B", "EGR实际开度B"),
        (0x69, 7, "egr_error_b", 6, 1, trim, 5, "%", "EGR error B", "EGR误差B"),
        (0x6C, 5, "throttle_actuator_a", 1, 1, percent, 0, "%", "Throttle command A", "节气门指令A"),
        (0x6C, 5, "relative_throttle_position_a", 2, 1, percent, 1, "%", "Relative throttle A", "相对节气门开度A"),
        (0x6C, 5, "throttle_actuator_b", 3, 1, percent, 2, "%", "Throttle command B", "节气门指令B"),
        (0x6C, 5, "relative_throttle_position_b", 4, 1, percent, 3, "%", "Relative throttle B", "相对节气门开度B"),
        (0x6D, 11, "commanded_fuel_rail_pressure_a", 1, 2, (10, 0), 0, "kPa", "Commanded rail pressure A (gauge)",
         "油轨压力指令A（表压）"),
        (0x6D, 11, "fuel_rail_pressure_a", 3, 2, (10, 0), 1, "kPa", "Rail pressure A (gauge)", "油轨压力A（表压）"),
        (0x6D, 11, "fuel_rail_temperature_a", 5, 1, temperature, 2, "degC", "Rail temperature A", "油轨温度A"),
        (0x6D, 11, "commanded_fuel_rail_pressure_b", 6, 2, (10, 0), 3, "kPa", "Commanded rail pressure B (gauge)",
         "油轨压力指令B（表压）"),
        (0x6D, 11, "fuel_rail_pressure_b", 8, 2, (10, 0), 4, "kPa", "Rail pressure B (gauge)", "油轨压力B（表压）"),
        (0x6D, 11, "fuel_rail_temperature_b", 10, 1, temperature, 5, "degC", "Rail temperature B", "油轨温度B"),
        (0x7F, 13, "total_engine_run_time", 1, 4, (1, 0), 0, "s", "Engine hours", "发动机总运行时间"),
        (0x7F, 13, "total_idle_time", 5, 4, (1, 0), 1, "s", "Idle hours", "总怠速时间"),
        (0x7F, 13, "total_pto_time", 9, 4, (1, 0), 2, "s", "Power take-off hours", "取力器总时间"),
        (0x84, 1, "manifold_surface_temperature", 0, 1, temperature, None, "degC", "Manifold surface", "歧管表面温度"),
        (0x8D, 1, "throttle_position_g", 0, 1, percent, None, "%", "Throttle G", "节气门位置G"),
        (0x8E, 1, "friction_torque", 0, 1, torque, None, "%", "Friction torque", "发动机摩擦扭矩"),
        (0x9A, 6, "hybrid_battery_voltage", 2, 2, (1 / 64, 0), 1, "V", "Traction battery voltage", "动力电池电压"),
        (0x9D, 4, "engine_fuel_mass_rate", 0, 2, (0.02, 0), None, "g/s", "Engine fuel rate (mass)",
         "发动机燃油质量流量"),
        (0x9D, 4, "vehicle_fuel_mass_rate", 2, 2, (0.02, 0), None, "g/s", "Vehicle fuel rate (mass)",
         "整车燃油质量流量"),
        (0x9E, 2, "exhaust_mass_flow", 0, 2, (0.2, 0), None, "kg/h", "Exhaust flow", "排气质量流量"),
        (0xA2, 2, "cylinder_fuel_rate", 0, 2, (1 / 32, 0), None, "mg/stroke", "Fuel per stroke", "单缸循环喷油量"),
        (0xA4, 4, "gear_ratio", 2, 2, (0.001, 0), 1, "1", "Gear ratio", "变速器实际传动比"),
    ]
    # fmt: on
    for pid, length, name, start, width, (scale, offset), bit, unit, en, zh in rows:
        present = None if bit is None else (0, bit)
        yield _Later(pid, length, Field(name, start, width, scale, offset, present=present), unit, en, zh)
    yield from _later_sensors()


def _later_sensors() -> Iterator[_Later]:
    """Give those of which there is one per bank, sensor or filter."""
    trim, temperature = (100 / 128, -100.0), (1.0, -40.0)
    current = Field("hybrid_battery_current", 4, 2, 0.1, signed=True, present=(0, 2))
    yield _Later(0x9A, 6, current, "A", "Traction battery current", "动力电池电流")
    for pid, term, term_zh, banks in (
        (0x55, "Short", "短期", (1, 3)),
        (0x56, "Long", "长期", (1, 3)),
        (0x57, "Short", "短期", (2, 4)),
        (0x58, "Long", "长期", (2, 4)),
    ):
        for start, bank in enumerate(banks):
            field = Field(f"{term.lower()}_term_o2_trim_{bank}", start, 1, *trim)
            en, zh = f"{term}-term trim by the rear sensor, bank {bank}", f"后氧{term_zh}燃油修正{bank}"
            yield _Later(pid, 2, field, "%", en, zh, f"Vehicle.OBD.{term}TermO2Trim{bank}")
    for index in range(6):
        bank, sensor = index // 3 + 1, index % 3 + 1
        field = Field(f"intake_air_temperature_b{bank}s{sensor}", index + 1, 1, *temperature, present=(0, index))
        yield _Later(0x68, 7, field, "degC", f"Intake air {bank}-{sensor}", f"进气温度{bank}-{sensor}")
    for index in range(8):
        bank, sensor = index // 4 + 1, index % 4 + 1
        name, support = f"exhaust_gas_temperature_b{bank}s{sensor}", (0, sensor - 1)
        field = Field(name, 2 * sensor - 1, 2, 0.1, -40, present=support)
        yield _Later(0x77 + bank, 9, field, "degC", f"Exhaust gas {bank}-{sensor}", f"排气温度{bank}-{sensor}")
    for index in range(4):
        bank, end, end_zh = index // 2 + 1, ("inlet", "outlet")[index % 2], ("入口", "出口")[index % 2]
        field = Field(f"particulate_filter_{end}_temperature_{bank}", 2 * index + 1, 2, 0.1, -40, present=(0, index))
        en, zh = f"Particulate filter {end}, bank {bank}", f"颗粒捕集器{end_zh}温度{bank}"
        yield _Later(0x7C, 9, field, "degC", en, zh)


def _rows() -> Iterator[Signal]:
    obd = "Vehicle.OBD."
    # fmt: off
    wire: list[tuple[str, str, float, float, float, float, float | None, str, str, str]] = [
        # name, unit, minimum, maximum, low, high, max_rate, VSS leaf, en, zh
        ("engine_load", "%", 0, 100, 0, 100, None, "EngineLoad", "Engine load", "发动机负荷"),
        ("coolant_temperature", "degC", -40, 215, -40, 130, 5, "CoolantTemperature", "Coolant", "冷却液温度"),
        ("fuel_pressure", "kPa", 0, 765, 0, 765, None, "FuelPressure", "Fuel pressure (gauge)", "燃油压力（表压）"),
        ("intake_manifold_pressure", "kPa", 0, 255, 10, 255, None, "MAP", "Manifold pressure", "进气歧管压力"),
        ("engine_speed", "rpm", 0, 16383.75, 0, 9000, 6000, "EngineSpeed", "Engine speed", "发动机转速"),
        ("vehicle_speed", "km/h", 0, 255, 0, 250, 60, "Speed", "Speed", "车速"),
        ("timing_advance", "deg", -64, 63.5, -64, 63.5, None, "TimingAdvance", "Timing advance", "点火提前角"),
        ("intake_air_temperature", "degC", -40, 215, -40, 120, 15, "IntakeTemp", "Intake air", "进气温度"),
        ("mass_air_flow", "g/s", 0, 655.35, 0, 500, None, "MAF", "Air flow", "空气流量"),
        ("throttle_position", "%", 0, 100, 0, 100, None, "ThrottlePosition", "Throttle", "节气门开度"),
        ("engine_run_time", "s", 0, 65535, 0, 65535, None, "RunTime", "Run time", "发动机运行时间"),
        ("distance_with_mil", "km", 0, 65535, 0, 65535, None, "DistanceWithMIL", "Distance with lamp on",
         "故障灯亮后里程"),
        ("fuel_rail_pressure_vacuum", "kPa", 0, 5177.265, 0, 5177.265, None, "FuelRailPressureVac",
         "Fuel rail pressure (to vacuum)", "油轨压力（相对真空）"),
        ("fuel_rail_pressure_direct", "kPa", 0, 655350, 0, 300000, None, "FuelRailPressureDirect",
         "Fuel rail pressure (gauge)", "油轨压力（表压）"),
        ("commanded_egr", "%", 0, 100, 0, 100, None, "CommandedEGR", "Commanded EGR", "EGR指令"),
        ("egr_error", "%", -100, 99.21875, -100, 99.21875, None, "EGRError", "EGR error", "EGR误差"),
        ("commanded_evap", "%", 0, 100, 0, 100, None, "CommandedEVAP", "Commanded purge", "碳罐清洗指令"),
        ("fuel_level", "%", 0, 100, 0, 100, None, "FuelLevel", "Fuel level", "燃油液位"),
        ("warmups_since_dtc_clear", "count", 0, 255, 0, 255, None, "WarmupsSinceDTCClear",
         "Warm-ups since codes cleared", "清码后暖机次数"),
        ("distance_since_dtc_clear", "km", 0, 65535, 0, 65535, None, "DistanceSinceDTCClear",
         "Distance since codes cleared", "清码后里程"),
        ("evap_vapor_pressure", "Pa", -8192, 8191.75, -8192, 8191.75, None, "EVAPVaporPressure",
         "EVAP vapour pressure", "燃油蒸汽压力"),
        ("barometric_pressure", "kPa", 0, 255, 45, 110, None, "BarometricPressure", "Barometric pressure",
         "大气压力"),
        ("control_module_voltage", "V", 0, 65.535, 6, 32, None, "ControlModuleVoltage", "Supply voltage",
         "电源电压"),
        ("absolute_load", "%", 0, 25700, 0, 400, None, "AbsoluteLoad", "Absolute load", "绝对负荷"),
        ("commanded_equivalence_ratio", "1", 0, 2, 0, 2, None, "CommandedEquivalenceRatio",
         "Commanded air/fuel ratio", "指令当量比"),
        ("relative_throttle_position", "%", 0, 100, 0, 100, None, "RelativeThrottlePosition",
         "Relative throttle", "相对节气门开度"),
        ("ambient_air_temperature", "degC", -40, 215, -40, 60, 5, "AmbientAirTemperature", "Outside air",
         "环境温度"),
        ("throttle_position_b", "%", 0, 100, 0, 100, None, "ThrottlePositionB", "Throttle B", "节气门位置B"),
        ("throttle_position_c", "%", 0, 100, 0, 100, None, "ThrottlePositionC", "Throttle C", "节气门位置C"),
        ("accelerator_pedal_position_d", "%", 0, 100, 0, 100, None, "AcceleratorPositionD",
         "Accelerator pedal D", "加速踏板位置D"),
        ("accelerator_pedal_position_e", "%", 0, 100, 0, 100, None, "AcceleratorPositionE",
         "Accelerator pedal E", "加速踏板位置E"),
        ("accelerator_pedal_position_f", "%", 0, 100, 0, 100, None, "AcceleratorPositionF",
         "Accelerator pedal F", "加速踏板位置F"),
        ("throttle_actuator", "%", 0, 100, 0, 100, None, "ThrottleActuator", "Throttle command", "节气门指令"),
        ("time_with_mil", "min", 0, 65535, 0, 65535, None, "RunTimeMIL", "Time with lamp on", "故障灯亮后时间"),
        ("time_since_dtc_clear", "min", 0, 65535, 0, 65535, None, "TimeSinceDTCCleared",
         "Time since codes cleared", "清码后时间"),
        ("ethanol_percent", "%", 0, 100, 0, 100, None, "EthanolPercent", "Ethanol share", "乙醇含量"),
        ("evap_vapor_pressure_absolute", "kPa", 0, 327.675, 0, 327.675, None, "EVAPVaporPressureAbsolute",
         "EVAP vapour pressure (absolute)", "燃油蒸汽绝对压力"),
        ("evap_vapor_pressure_alternate", "Pa", -32768, 32767, -32768, 32767, None,
         "EVAPVaporPressureAlternate", "EVAP vapour pressure (alternate)", "燃油蒸汽压力（备用）"),
        ("fuel_rail_pressure_absolute", "kPa", 0, 655350, 0, 300000, None, "FuelRailPressureAbsolute",
         "Fuel rail pressure (absolute)", "油轨绝对压力"),
        ("relative_accelerator_position", "%", 0, 100, 0, 100, None, "RelativeAcceleratorPosition",
         "Relative accelerator", "相对加速踏板位置"),
        ("hybrid_battery_remaining", "%", 0, 100, 0, 100, None, "HybridBatteryRemaining",
         "Traction battery charge", "动力电池电量"),
        ("oil_temperature", "degC", -40, 215, -40, 160, 5, "OilTemperature", "Oil temperature", "机油温度"),
        ("fuel_injection_timing", "deg", -210, 301.992, -210, 301.992, None, "FuelInjectionTiming",
         "Injection timing", "喷油正时"),
        ("fuel_rate", "L/h", 0, 3212.75, 0, 200, None, "FuelRate", "Fuel rate", "燃油消耗率"),
    ]
    # fmt: on
    for name, unit, minimum, maximum, low, high, rate, leaf, en, zh in wire:
        yield Signal(name, unit, minimum, maximum, low, high, rate, obd + leaf, en, zh)
    for bank in (1, 2):
        for term, term_zh in (("Short", "短期"), ("Long", "长期")):
            yield Signal(
                f"{term.lower()}_term_fuel_trim_{bank}",
                "%",
                -100,
                99.21875,
                -60,
                60,
                None,
                f"{obd}{term}TermFuelTrim{bank}",
                f"{term}-term fuel trim {bank}",
                f"{term_zh}燃油修正{bank}",
            )
        for sensor in (1, 2):
            yield Signal(
                f"catalyst_temperature_b{bank}s{sensor}",
                "degC",
                -40,
                6513.5,
                -40,
                1200,
                None,
                f"{obd}Catalyst.Bank{bank}.Temperature{sensor}",
                f"Catalyst bank {bank} sensor {sensor}",
                f"催化器温度{bank}-{sensor}",
            )
        for sensor in (1, 2, 3, 4):
            place, number = f"oxygen_sensor_b{bank}s{sensor}", 4 * (bank - 1) + sensor
            where_en, where_zh = f"Oxygen sensor {bank}-{sensor}", f"氧传感器{bank}-{sensor}"
            yield Signal(
                f"{place}_voltage",
                "V",
                0,
                1.275,
                0,
                1.275,
                None,
                f"{obd}O2.Sensor{number}.Voltage",
                where_en,
                where_zh,
            )
            yield Signal(
                f"{place}_trim",
                "%",
                -100,
                99.21875,
                -100,
                99.21875,
                None,
                f"{obd}O2.Sensor{number}.ShortTermFuelTrim",
                f"{where_en} trim",
                f"{where_zh}修正",
            )
            yield Signal(
                f"{place}_lambda",
                "1",
                0,
                2,
                0,
                2,
                None,
                f"{obd}O2WR.Sensor{number}.Lambda",
                f"{where_en} lambda",
                f"{where_zh}过量空气系数",
            )
            yield Signal(
                f"{place}_wide_voltage",
                "V",
                0,
                8,
                0,
                8,
                None,
                f"{obd}O2WR.Sensor{number}.Voltage",
                f"{where_en} wide-band voltage",
                f"{where_zh}宽带电压",
            )
            # VSS gives this current in A; J1979 and we use mA.
            yield Signal(
                f"{place}_current",
                "mA",
                -128,
                128,
                -128,
                128,
                None,
                f"{obd}O2WR.Sensor{number}.Current",
                f"{where_en} pump current",
                f"{where_zh}泵电流",
            )
    for later in _later():
        yield later.signal()
    yield Signal("odometer", "km", 0, 429496729.5, 0, 3000000, None, "Vehicle.TraveledDistance", "Odometer", "里程表")


SIGNALS: Mapping[str, Signal] = MappingProxyType({row.name: row for row in _rows()})


def _pids() -> Iterator[Pid]:
    percent, trim, temperature = 100 / 255, 100 / 128, -40.0
    single: list[tuple[int, int, str, float, float, bool]] = [
        # PID, length in bytes, signal, scale, offset, signed
        (0x04, 1, "engine_load", percent, 0, False),
        (0x05, 1, "coolant_temperature", 1, temperature, False),
        (0x06, 1, "short_term_fuel_trim_1", trim, -100, False),
        (0x07, 1, "long_term_fuel_trim_1", trim, -100, False),
        (0x08, 1, "short_term_fuel_trim_2", trim, -100, False),
        (0x09, 1, "long_term_fuel_trim_2", trim, -100, False),
        (0x0A, 1, "fuel_pressure", 3, 0, False),
        (0x0B, 1, "intake_manifold_pressure", 1, 0, False),
        (0x0C, 2, "engine_speed", 0.25, 0, False),
        (0x0D, 1, "vehicle_speed", 1, 0, False),
        (0x0E, 1, "timing_advance", 0.5, -64, False),
        (0x0F, 1, "intake_air_temperature", 1, temperature, False),
        (0x10, 2, "mass_air_flow", 0.01, 0, False),
        (0x11, 1, "throttle_position", percent, 0, False),
        (0x1F, 2, "engine_run_time", 1, 0, False),
        (0x21, 2, "distance_with_mil", 1, 0, False),
        (0x22, 2, "fuel_rail_pressure_vacuum", 0.079, 0, False),
        (0x23, 2, "fuel_rail_pressure_direct", 10, 0, False),
        (0x2C, 1, "commanded_egr", percent, 0, False),
        (0x2D, 1, "egr_error", trim, -100, False),
        (0x2E, 1, "commanded_evap", percent, 0, False),
        (0x2F, 1, "fuel_level", percent, 0, False),
        (0x30, 1, "warmups_since_dtc_clear", 1, 0, False),
        (0x31, 2, "distance_since_dtc_clear", 1, 0, False),
        (0x32, 2, "evap_vapor_pressure", 0.25, 0, True),
        (0x33, 1, "barometric_pressure", 1, 0, False),
        (0x3C, 2, "catalyst_temperature_b1s1", 0.1, temperature, False),
        (0x3D, 2, "catalyst_temperature_b2s1", 0.1, temperature, False),
        (0x3E, 2, "catalyst_temperature_b1s2", 0.1, temperature, False),
        (0x3F, 2, "catalyst_temperature_b2s2", 0.1, temperature, False),
        (0x42, 2, "control_module_voltage", 0.001, 0, False),
        (0x43, 2, "absolute_load", percent, 0, False),
        (0x44, 2, "commanded_equivalence_ratio", 2 / 65536, 0, False),
        (0x45, 1, "relative_throttle_position", percent, 0, False),
        (0x46, 1, "ambient_air_temperature", 1, temperature, False),
        (0x47, 1, "throttle_position_b", percent, 0, False),
        (0x48, 1, "throttle_position_c", percent, 0, False),
        (0x49, 1, "accelerator_pedal_position_d", percent, 0, False),
        (0x4A, 1, "accelerator_pedal_position_e", percent, 0, False),
        (0x4B, 1, "accelerator_pedal_position_f", percent, 0, False),
        (0x4C, 1, "throttle_actuator", percent, 0, False),
        (0x4D, 2, "time_with_mil", 1, 0, False),
        (0x4E, 2, "time_since_dtc_clear", 1, 0, False),
        (0x52, 1, "ethanol_percent", percent, 0, False),
        (0x53, 2, "evap_vapor_pressure_absolute", 0.005, 0, False),
        (0x54, 2, "evap_vapor_pressure_alternate", 1, 0, True),
        (0x59, 2, "fuel_rail_pressure_absolute", 10, 0, False),
        (0x5A, 1, "relative_accelerator_position", percent, 0, False),
        (0x5B, 1, "hybrid_battery_remaining", percent, 0, False),
        (0x5C, 1, "oil_temperature", 1, temperature, False),
        (0x5D, 2, "fuel_injection_timing", 1 / 128, -210, False),
        (0x5E, 2, "fuel_rate", 0.05, 0, False),
        (0xA6, 4, "odometer", 0.1, 0, False),
    ]
    for number, length, signal, scale, offset, signed in single:
        yield Pid(number, length, (Field(signal, 0, length, scale, offset, signed),))
    for index in range(8):
        place = f"oxygen_sensor_b{index // 4 + 1}s{index % 4 + 1}"
        yield Pid(
            0x14 + index,
            2,
            (Field(f"{place}_voltage", 0, 1, 0.005), Field(f"{place}_trim", 1, 1, trim, -100, unused=0xFF)),
        )
        yield Pid(
            0x24 + index,
            4,
            (Field(f"{place}_lambda", 0, 2, 2 / 65536), Field(f"{place}_wide_voltage", 2, 2, 8 / 65536)),
        )
        yield Pid(
            0x34 + index,
            4,
            (Field(f"{place}_lambda", 0, 2, 2 / 65536), Field(f"{place}_current", 2, 2, 1 / 256, -128)),
        )
    later = list(_later())
    for number, length in dict.fromkeys((row.pid, row.length) for row in later):
        yield Pid(number, length, tuple(row.field for row in later if row.pid == number))


PIDS: Mapping[int, Pid] = MappingProxyType({row.number: row for row in sorted(_pids(), key=lambda pid: pid.number)})
