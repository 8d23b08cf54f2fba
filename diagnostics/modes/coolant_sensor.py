"""F06, coolant temperature sensor: off its mark or dropping out, the engine as warm as ever (faults.md F06)."""

from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="coolant_sensor",
    signals=SIGNALS,
    source=coolant,
    observed="reading_s",
    measures=(
        Measure("wrong", "1", (0.0, 0.0), 0.5, +1),
        Measure("soak_above", "K", (-6.0, 14.0), 3.0, +1),
        Measure("soak_below", "K", (-6.0, 14.0), 3.0, -1),
        Measure("regulated_above", "degC", (76.0, 108.0), 0.8, +1),
        Measure("level_below", "degC", (79.0, 108.0), 1.0, -1),
        Measure("regulated_usual", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_flowing", "degC", (76.0, 108.0), 0.8, -1),
        Measure("oil_below", "K", (-10.0, 40.0), 2.0, -1),
        Measure("oil_above", "K", (-10.0, 40.0), 2.0, +1),
    ),
    words={
        "wrong": Words("Readings in 1000 that no coolant can have", "每1000次读数中不可能的读数"),
        "soak_above": Words("Coolant over air after a long rest", "长时间停放后冷却液高出气温", 0, signed=True),
        "soak_below": Words("Coolant over air after a long rest", "长时间停放后冷却液高出气温", 0, signed=True),
        "regulated_above": Words("Coolant level on the road", "行驶时冷却液稳定温度", 1),
        "regulated_usual": Words("Coolant by what its heat asks for", "按散热需求折算的冷却液温度", 1),
        "regulated_flowing": Words("Coolant behind an open thermostat", "节温器开启后冷却液温度", 1),
        "level_below": Words("Coolant of the warm engine", "热机冷却液温度"),
        "oil_below": Words("Oil above coolant by", "机油温度高出冷却液", 1, signed=True),
        "oil_above": Words("Oil above coolant by", "机油温度高出冷却液", 1, signed=True),
    },
)
