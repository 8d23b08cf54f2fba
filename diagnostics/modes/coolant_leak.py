"""F03, coolant leak or low level: less water warms up faster, cools worse, and boils at the sensor (faults.md F03)."""

from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="coolant_leak",
    signals=SIGNALS,
    source=coolant,
    observed="leak_s",
    measures=(
        Measure("heating", "ln", (-1.0, 2.5), 0.2, +1),
        Measure("scatter", "K", (0.0, 1.5), 0.08, +1),
        Measure("regulated", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_often", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_high", "K", (-12.0, 4.0), 0.8, +1),
        Measure("overshoot", "K", (-12.0, 8.0), 1.8, +1),
        Measure("standing_rise", "K", (-8.0, 10.0), 2.0, +1),
    ),
    words={
        "heating": Words(
            "Warm-up over a usual engine's (logarithm)", "升温速度与正常发动机之比（对数）", 2, signed=True
        ),
        "scatter": Words("Coolant readings scatter by", "冷却液温度读数跳动", 1),
        "regulated": Words("Coolant level on the road", "行驶时冷却液稳定温度", 1),
        "regulated_high": Words("Coolant rises under load by", "大负荷时冷却液温升", 1, signed=True),
        "overshoot": Words("Coolant overshoots when the thermostat opens by", "节温器开启时温度超调", 1, signed=True),
        "standing_rise": Words("Coolant rises at a standstill by", "停车时冷却液温升", 1, signed=True),
    },
)
