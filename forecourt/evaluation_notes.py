"""What stands below the figures of an evaluation: how they are counted, and what they leave open."""

from collections.abc import Mapping

from diagnostics.evaluation.real import Untouched
from diagnostics.evaluation.report import number
from diagnostics.evaluation.resampling import Figure

# One paragraph a note.
_ALWAYS = """
An episode is one fault of one car, from the first trip of severity 0.05 on. It is found when the first alarm of that
fault comes after that and at least one day before the simulated trouble code (without a code: before the failure or
the last trip). An alarm before the onset is a false one.

A sudden fault is found when its alarm comes by the fifth trip since it is lasting; trips of a loose contact that goes
again lie before that. Every trip counts, also those too short to vote.

Observable: a trip of the car holds the fault's minimum signals (docs/faults.md), fixed before training.

Intervals resample whole vehicles 1000 times within their fault (calibration: 200 times); those of controls are the
range over their turns, those of injected faults are binomial.

PR-AUC: the largest third-of-five probability of an episode's window against windows of healthy cars of the median
length of such episodes, each car weighing the same, faulty ones 1 in 50. Sudden faults: five trips.

Calibration: up to 40 trips a car, cars of a kind weighing the same, faulty (severity 0.25 or more) to healthy 1:50,
15 bins of equal mass.

A fault that follows from another of the same car is neither found nor missed, and no false alarm when it is named.

Ladder: all rungs on the same cars; thresholds of rungs 1 to 4 are chosen on the cars that are judged, which is kind
to them. Rungs 3 and 4 learnt from SIM-A.

Controls: identity are eight numbers hashed from the car's number, ten rows a car, cars dealt into folds; permuted
deals sick and healthy out anew over what is known of each car; severity 0 holds the first ten days of cars that fall
ill later, before any fault, against the very same cars by the branch without fault, by statistics of every signal,
all residuals and their spreads (without faults that only some cars can have).
"""


def notes(
    figures: Mapping[str, Figure], size: str, healthy: Untouched | None, recalls: Mapping[str, Figure],
    simulated: Mapping[str, Figure], hours: float, least_hours: float,
) -> list[str]:  # fmt: skip
    """Say how the figures were counted, and what is known of leakage and of real trips."""
    told = [" ".join(note.split()) for note in _ALWAYS.strip().split("\n\n")]
    if hours < least_hours:
        told.append(f"Healthy cars made {hours:.0f} h; a {size} evaluation asks for {least_hours:.0f}.")
    rows, real, by_chance = (figures[name].value for name in ("identity_auc_of_rows", "unpermuted_auc", "permuted_auc"))
    told.append(
        f"Against leakage: rows of one car on both sides of a split would give an AUC of {number(rows)} by identity "
        f"alone; what is known of each car tells sick from healthy with {number(real)}, and with {number(by_chance)} "
        "once labels are dealt out anew."
    )
    if healthy is None:
        told.append("Real trips were not there (FORECOURT_TRIPS or --trips): nothing is said of them here.")
        return told
    told.append(
        f"Real trips: {healthy.trips} of cars taken as healthy, {healthy.hours:.1f} h; {healthy.alarms} alarms in the "
        f"order driven, {healthy.shuffled} in {healthy.orders} other orders of each car"
        + (f", of {', '.join(healthy.named)}" if healthy.named else "")
        + f". That bounds false alarms at {3 / healthy.hours * 1000:.0f} per 1000 h, no better."
    )
    pairs = ", ".join(
        f"{fault} {number(recalls[fault].value)} ({number(simulated[fault].value)})" for fault in sorted(recalls)
    )
    told.append(f"Recall when put into real trips (in SIM-B): {pairs}.")
    return told
