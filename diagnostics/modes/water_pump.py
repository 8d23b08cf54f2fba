"""F04, water pump: too hot at low engine speed, where a worn impeller or belt moves least (faults.md F04, B5)."""

from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="water_pump",
    signals=SIGNALS,
    source=coolant,
    observed="road_s",
    measures=(
        Measure("slow_engine_rise", "K", (-5.0, 8.0), 0.8, +1),
        Measure("regulated", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_often", "degC", (76.0, 108.0), 0.8, +1),
        Measure("oil_below", "K", (-10.0, 40.0), 2.0, -1),
        Measure("standing_rise", "K", (-8.0, 10.0), 2.0, +1),
        Measure("regulated_high", "K", (-12.0, 4.0), 0.8, +1),
    ),
    words={
        "slow_engine_rise": Words("Coolant at low over high speed", "低转速比高转速时冷却液温度", 1, signed=True),
        "regulated": Words("Coolant level on the road", "行驶时冷却液稳定温度", 1),
        "regulated_often": Words("Coolant by what its heat asks for", "按散热需求折算的冷却液温度", 1),
        "oil_below": Words("Oil above coolant by", "机油温度高出冷却液", 1, signed=True),
        "standing_rise": Words("Coolant rises at a standstill by", "停车时冷却液温升", 1, signed=True),
        "regulated_high": Words("Coolant rises under load by", "大负荷时冷却液温升", 1, signed=True),
    },
)
