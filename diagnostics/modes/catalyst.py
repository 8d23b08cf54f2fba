"""F14, worn catalyst: what the front sensor sees comes through to the rear one, and the catalyst burns less.

Judged at cruise with a catalyst at work. The storage itself is measured behind a fuel cut: by the gas that it takes
until the rear sensor leaves lean, whatever the front sensor is.
"""

from diagnostics.measures.exhaust import SIGNALS, exhaust
from diagnostics.modes import Measure
from diagnostics.residuals import ResidualMode, Words

MODE = ResidualMode(
    fault="catalyst",
    signals=SIGNALS,
    source=exhaust,
    observed="rear_s",
    least_s=15.0,
    measures=(
        Measure("rear_swing", "V", (0.0, 0.06), 0.008, 1),
        Measure("rear_ratio", "1", (0.0, 0.2), 0.03, 1),
        Measure("rear_crossings", "%", (0.0, 25.0), 5.0, 1),
        Measure("rear_delay", "s", (0.5, 20.0), 0.8, -1),
        Measure("catalyst_above", "K", (-80.0, 130.0), 10.0, -1),
    ),
    words={
        "rear_swing": Words("Rear sensor swings behind the catalyst by", "催化器后氧传感器摆幅", 2),
        "rear_ratio": Words("Share of the front sensor's swing behind the catalyst", "后氧与前氧波动之比", 2),
        "rear_crossings": Words("Rear sensor's readings that changed sides", "后氧传感器变号的读数", 0),
        "rear_delay": Words("Catalyst emptied of oxygen behind a fuel cut in", "断油后催化器释放储氧用时", 1),
        "catalyst_above": Words(
            "Catalyst cooler than its exhaust gas lets it be:", "催化器温度与排气应有温度之差", 0, signed=True
        ),
    },
    absolute=("rear_swing",),
)
