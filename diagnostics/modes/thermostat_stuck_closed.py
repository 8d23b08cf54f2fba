"""F02, thermostat stuck closed or slow: too hot where much heat has to go, and late to open (faults.md F02, B5)."""

from diagnostics.findings import Evidence
from diagnostics.held import Held
from diagnostics.measures.coolant import SIGNALS, coolant
from diagnostics.modes import Measure, Stop
from diagnostics.residuals import ResidualMode, Words


class ThermostatStuckClosed(ResidualMode):
    """The regulated level on the road; an engine that overheats while driving is taken for this fault."""

    def stop(self, held: Held) -> Stop:
        """Find the first moment of too hot a coolant in a car that was driven; a standing one is F05's."""
        table = held.once(coolant)
        at = table["stop_moving_at"]
        return Stop(at, table["stop_value"] + 0 * at)

    def stop_evidence(self, value: float) -> Evidence:
        return Evidence(
            "stop_moving_at", round(value, 1), 90.0, "degC",
            f"Coolant at {value:.0f} degC while driving: stop and let the engine cool",
            f"行驶中冷却液温度达{value:.0f} degC：请立即停车，让发动机冷却",
        )  # fmt: skip


# Real cars: the level at one opening differs by 0.3 K between the trips of an Etios and of a Leon, the first opening
# by 0.4 and 1.1 K, unrest by 0.3 K.
MODE = ThermostatStuckClosed(
    fault="thermostat_stuck_closed",
    signals=SIGNALS,
    source=coolant,
    observed="road_s",
    measures=(
        Measure("regulated", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_high", "K", (-12.0, 4.0), 0.8, +1),
        Measure("hottest", "degC", (76.0, 110.0), 2.0, +1),
        Measure("overshoot", "K", (-12.0, 8.0), 1.8, +1),
        Measure("unrest", "K", (0.0, 6.0), 0.6, +1),
        Measure("standing_rise", "K", (-8.0, 10.0), 2.0),
        Measure("regulated_often", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_top", "degC", (76.0, 108.0), 0.8, +1),
        Measure("regulated_rise", "K", (0.0, 8.0), 0.8, +1),
    ),
    words={
        "regulated": Words("Coolant level on the road", "行驶时冷却液稳定温度", 1),
        "regulated_high": Words("Coolant rises under load by", "大负荷时冷却液温升", 1, signed=True),
        "hottest": Words("Hottest coolant on the road", "行驶时冷却液最高温度"),
        "regulated_often": Words("Coolant by what its heat asks for", "按散热需求折算的冷却液温度", 1),
        "regulated_top": Words("Hottest coolant by what its heat asks for", "按散热需求折算的最高冷却液温度", 1),
        "overshoot": Words("Coolant overshoots when the thermostat opens by", "节温器开启时温度超调", 1, signed=True),
        "unrest": Words("Coolant swings on the road by", "行驶时冷却液温度波动", 1),
    },
    absolute=("hottest",),
    least_s=45.0,
)
