"""F20, fouled throttle body: at idle the throttle stands further open for the same air (faults.md F20)."""

from diagnostics.measures.air import SIGNALS, air
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

# The idle throttle of the real Toyota Etios wanders by 0.12 % between 64 trips once the idle's own air is allowed for.
MODE = ResidualMode(
    fault="throttle_body",
    signals=SIGNALS,
    source=air,
    observed="idle_s",
    measures=(
        Measure("idle_throttle", "%", (0.0, 100.0), 0.25, +1),
        Measure("idle_undershoot", "rpm", (-300.0, 60.0), 40.0, +1),
    ),
    words={
        "idle_throttle": Words("Throttle opening that the idle needs", "怠速所需节气门开度", 1),
        "idle_undershoot": Words("Engine speed dips below idle by", "回到怠速时转速低于怠速", 0),
    },
    restless=4.0,
    least_s=8.0,
)
