"""F05, cooling fan or relay: too hot at a standstill, sound on the road (faults.md F05, B5)."""

from diagnostics.findings import Evidence
from diagnostics.held import Held
from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Measure, Stop
from diagnostics.residuals import ResidualMode, Words


class CoolingFan(ResidualMode):
    """The coolant standing or creeping, where nothing but the fan moves air."""

    def stop(self, held: Held) -> Stop:
        """Find the first moment of too hot a coolant in a car that had stood or crept for two minutes."""
        table = held.once(coolant)
        at = table["stop_standing_at"]
        return Stop(at, table["stop_value"] + 0 * at)

    def stop_evidence(self, value: float) -> Evidence:
        return Evidence(
            "stop_standing_at", round(value, 1), 95.0, "degC",
            f"Coolant at {value:.0f} degC at a standstill: switch the engine off and let it cool",
            f"停车时冷却液温度达{value:.0f} degC：请熄火，让发动机冷却",
        )  # fmt: skip


# The Etios idles between 88 and 95 degC, where its fan comes and goes.
MODE = CoolingFan(
    fault="cooling_fan",
    signals=SIGNALS,
    source=coolant,
    observed="standing_s",
    measures=(
        Measure("standing_rise", "K", (-8.0, 10.0), 2.0, +1),
        Measure("standing_top", "degC", (76.0, 101.0), 3.0, +1),
        Measure("regulated", "degC", (76.0, 108.0), 0.8),
    ),
    words={
        "standing_rise": Words("Coolant rises at a standstill by", "停车时冷却液温升", 1, signed=True),
        "standing_top": Words("Coolant at a standstill", "停车时冷却液温度"),
    },
    least_s=30.0,
    absolute=("standing_top",),
)
