"""F23, 12 V battery ageing: it sags more under the starter and after it, and rests lower (faults.md F23, B6).

The drops tell the resistance, which ageing raises and a lamp left on does not; the rest voltage tells the charge.
"""

from diagnostics.measures.starting import starting
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="battery_12v",
    signals=(
        "control_module_voltage", "engine_speed", "coolant_temperature", "ambient_air_temperature",
        "intake_air_temperature",
    ),
    source=starting,
    observed="observed",
    measures=(
        Measure("first_drop", "V", (0.1, 0.9), 0.12, 1),
        Measure("crank_drop", "V", (0.8, 3.2), 0.5, 1),
        Measure("rest_voltage", "V", (12.1, 12.9), 0.18, -1),
        Measure("key_off_voltage", "V", (12.3, 13.2), 0.09, -1),
        Measure("crank_lowest", "V", (8.5, 12.0), 0.6),
        Measure("start_temperature", "degC", (-25.0, 40.0), 8.0),
    ),
    words={
        "first_drop": Words("Supply voltage fell just after the start by", "起动后电源电压下降", 1),
        "crank_drop": Words("Supply voltage fell while starting by", "起动时电源电压下降", 1),
        "rest_voltage": Words("Voltage before the start", "起动前电压", 1),
        "key_off_voltage": Words("Voltage after the stop", "熄火后电压", 1),
    },
    absolute=("first_drop", "crank_drop", "rest_voltage"),
)  # fmt: skip
