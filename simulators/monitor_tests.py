"""What the car's own monitors test in one trip (faults.md 0.4 and each fault's "DTC and monitor" line), compiled.

Each function sees one trip: `rows` [row, time] by the numbers below, its `length` in s, `trip` the row of `Conditions`,
`limit` this unit's own threshold, and `noise` a standard normal number, where its measurement is not exact. It gives
NOT_RUN when the enabling conditions were not met, else PASSED or FAILED.
"""

import numpy as np

from ingest.readings import FloatArray
from simulators.compiled import Record, compiled
from simulators.vehicle import INTERNALS, SIGNALS

NOT_RUN, PASSED, FAILED = 0, 1, 2
_ROWS = (*SIGNALS, *INTERNALS)
_SPEED, _TURNING = _ROWS.index("vehicle_speed"), _ROWS.index("engine_speed")
_LOAD, _MAF = _ROWS.index("engine_load"), _ROWS.index("mass_air_flow")
_COOLANT, _INTAKE = _ROWS.index("coolant_temperature"), _ROWS.index("intake_air_temperature")
_VOLTAGE, _RUN_TIME = _ROWS.index("control_module_voltage"), _ROWS.index("engine_run_time")
_SHORT, _LONG = _ROWS.index("short_term_fuel_trim_1"), _ROWS.index("long_term_fuel_trim_1")
_PURGE, _CATALYST_HEAT = _ROWS.index("commanded_evap"), _ROWS.index("catalyst_temperature_b1s1")
_MODELLED, _MISFIRES = _ROWS.index("modelled_coolant"), _ROWS.index("misfire_rate")
_COMMAND, _BOOST, _IDLE_ERROR = _ROWS.index("boost_command"), _ROWS.index("boost"), _ROWS.index("idle_error")
_RESPONSE, _STORAGE, _SLIP = (
    _ROWS.index("sensor_response"), _ROWS.index("catalyst_storage"), _ROWS.index("lockup_slip")
)  # fmt: skip
_RAIL, _PURGED, _LEAK = _ROWS.index("rail_error"), _ROWS.index("purge_flow"), _ROWS.index("tank_leak")
_AIR, _CLOSED, _FAN_LACK = _ROWS.index("true_air_flow"), _ROWS.index("closed_loop"), _ROWS.index("fan_lack")


@compiled
def _verdict(ran: bool, failed: bool) -> int:
    return NOT_RUN if not ran else FAILED if failed else PASSED


@compiled
def slow_warm_up(rows: FloatArray, length: int, trip: Record, limit: float) -> int:
    """P0128: three minutes after the unit's model says 75 degC the coolant has not once reached `limit` degC."""
    begin, waited, highest = rows[_COOLANT, 0], 0, -40.0
    if not -10 <= begin <= 57 or trip.ambient < -7:
        return NOT_RUN
    for second in range(length):
        highest = max(highest, rows[_COOLANT, second])
        if rows[_TURNING, second] > 0 and rows[_MODELLED, second] >= 75:
            waited += 1
            if waited >= 180:
                return _verdict(True, highest < limit)
    return _verdict(highest >= limit, False)


@compiled
def overheating(rows: FloatArray, length: int, limit: float) -> int:
    """P0217: coolant above `limit` degC for ten seconds."""
    above = 0
    for second in range(length):
        above = above + 1 if rows[_COOLANT, second] > limit else 0
        if above >= 10:
            return FAILED
    return _verdict(length > 300, False)


@compiled
def fan_current(rows: FloatArray, length: int, limit: float) -> int:
    """P0480: for 20 s the fan draws less than it should by `limit` of it."""
    lacking, asked = 0, 0
    for second in range(length):
        asked += rows[_COOLANT, second] > 90
        lacking = lacking + 1 if rows[_FAN_LACK, second] > limit else 0
        if lacking >= 20:
            return FAILED
    return _verdict(asked > 120, False)


@compiled
def coolant_after_soak(rows: FloatArray, trip: Record, limit: float) -> int:
    """P0116: after nine hours the coolant is more than `limit` K from the intake air, what is left of warmth apart."""
    if trip.soak_h < 9:
        return NOT_RUN
    intake = rows[_INTAKE, 0]
    left = 0.65 * (88 - intake) * np.exp(-np.float32(trip.soak_h) / 4)
    return _verdict(True, abs(rows[_COOLANT, 0] - intake - left) > limit)


@compiled
def coolant_jumps(rows: FloatArray, length: int, limit: float) -> int:
    """P0119: the coolant changes by more than 15 K in a second more often than `limit` times."""
    jumps = 0
    for second in range(1, length):
        jumps += abs(rows[_COOLANT, second] - rows[_COOLANT, second - 1]) > 15
    return _verdict(length > 120, jumps > limit)


@compiled
def _trimmed(rows: FloatArray, length: int, sign: float, limit: float) -> int:
    total, held, ran = 0.0, 0, 0
    for second in range(length):
        if rows[_CLOSED, second] == 0 or rows[_COOLANT, second] < 70:
            held = 0
            continue
        ran += 1
        now = 100 * ((1 + rows[_SHORT, second] / 100) * (1 + rows[_LONG, second] / 100) - 1)
        total += (now - total) / 15
        held = held + 1 if sign * total > limit else 0
        if held >= 30:
            return FAILED
    return _verdict(ran > 200, False)


@compiled
def lean(rows: FloatArray, length: int, limit: float) -> int:
    """P0171: total trim above `limit` % for 30 s in closed loop."""
    return _trimmed(rows, length, 1.0, limit)


@compiled
def rich(rows: FloatArray, length: int, limit: float) -> int:
    """P0172: total trim under -`limit` % for 30 s in closed loop."""
    return _trimmed(rows, length, -1.0, limit)


@compiled
def _idling(rows: FloatArray, length: int, sign: float, limit: float) -> int:
    error, ran = 0.0, 0
    for second in range(length):
        idles = rows[_SPEED, second] < 1 and rows[_TURNING, second] > 0 and rows[_RUN_TIME, second] > 60
        if not idles or rows[_COOLANT, second] < 70:
            continue
        ran += 1
        error += (rows[_IDLE_ERROR, second] - error) / 20
        if ran > 40 and sign * error > limit:
            return FAILED
    return _verdict(ran > 40, False)


@compiled
def idle_low(rows: FloatArray, length: int, limit: float) -> int:
    """P0506: warm idle `limit` rpm under its target."""
    return _idling(rows, length, -1.0, limit)


@compiled
def idle_high(rows: FloatArray, length: int, limit: float) -> int:
    """P0507: warm idle `limit` rpm over its target."""
    return _idling(rows, length, 1.0, limit)


@compiled
def rail_pressure(rows: FloatArray, length: int, limit: float) -> int:
    """P0087: the rail is `limit` % under its commanded pressure for four seconds."""
    below, ran = 0, 0
    for second in range(length):
        ran += rows[_TURNING, second] > 400
        below = below + 1 if rows[_TURNING, second] > 400 and rows[_RAIL, second] < -limit else 0
        if below >= 4:
            return FAILED
    return _verdict(ran > 120, False)


@compiled
def _misfiring(rows: FloatArray, length: int, revolutions: float, limit: float) -> int:
    missed, turned, windows = 0.0, 0.0, 0
    for second in range(length):
        if rows[_TURNING, second] < 400:
            continue
        turned += rows[_TURNING, second] / 60
        missed += rows[_MISFIRES, second] * rows[_TURNING, second] / 60
        if turned >= revolutions:
            windows += 1
            if missed > limit * turned and windows > 1:  # a cold start's own roughness is not counted
                return FAILED
            missed = turned = 0.0
    return _verdict(windows > 1, False)


@compiled
def misfires(rows: FloatArray, length: int, limit: float) -> int:
    """P0300: more than `limit` % of the firings of 1000 revolutions missed."""
    return _misfiring(rows, length, 1000.0, limit)


@compiled
def misfires_at_once(rows: FloatArray, length: int, limit: float) -> int:
    """P0300 with a blinking lamp: more than `limit` % of the firings of 200 revolutions missed."""
    return _misfiring(rows, length, 200.0, limit)


@compiled
def _cruises(rows: FloatArray, second: int) -> bool:
    cruises: bool = (
        rows[_CLOSED, second] > 0
        and 1300 < rows[_TURNING, second] < 3000
        and 35 < rows[_SPEED, second] < 120
        and 18 < rows[_LOAD, second] < 65
        and rows[_COOLANT, second] > 65
    )
    return cruises


@compiled
def slow_sensor(rows: FloatArray, length: int, limit: float, noise: float) -> int:
    """P0133: the front oxygen sensor, watched over 100 s of cruise, answers slower than in `limit` s."""
    ran, total = 0, 0.0
    for second in range(length):
        if _cruises(rows, second):
            ran += 1
            total += rows[_RESPONSE, second]
    return _verdict(ran >= 100, total / max(ran, 1) + 0.05 * noise > limit)


@compiled
def catalyst_storage(rows: FloatArray, length: int, limit: float, noise: float) -> int:
    """P0420: 120 s of cruise with the catalyst above 500 degC, and it holds less than `limit` of a new one's oxygen."""
    ran, total = 0, 0.0
    for second in range(length):
        if rows[_RUN_TIME, second] > 260 and rows[_CATALYST_HEAT, second] > 500 and _cruises(rows, second):
            ran += 1
            total += rows[_STORAGE, second]
    return _verdict(ran >= 120, total / max(ran, 1) + 0.03 * noise < limit)


@compiled
def tank_leak(rows: FloatArray, length: int, trip: Record, limit: float, noise: float) -> int:
    """P0442: started cold after 5 h at 4 to 32 degC with 15 to 85 % of fuel, ten minutes of driving; leak in mm."""
    enabled = trip.soak_h >= 5 and rows[_COOLANT, 0] < 35 and 4 <= trip.ambient <= 32 and 15 < trip.fuel_level < 85
    if not enabled or rows[_RUN_TIME, length - 1] < 600:
        return NOT_RUN
    return _verdict(True, rows[_LEAK, length - 1] + 0.06 * noise > limit)


@compiled
def purge_stuck(rows: FloatArray, length: int, limit: float) -> int:
    """P0496: more than `limit` g/s through the purge valve over a minute in which it should be closed."""
    ran, total = 0, 0.0
    for second in range(length):
        if rows[_CLOSED, second] > 0 and rows[_PURGE, second] == 0 and rows[_COOLANT, second] > 60:
            ran += 1
            total += rows[_PURGED, second]
    return _verdict(ran >= 60, total / max(ran, 1) > limit)


@compiled
def underboost(rows: FloatArray, length: int, limit: float) -> int:
    """P0299: `limit` kPa less boost than commanded for four seconds, more than 30 kPa being asked for."""
    ran, below = 0, 0
    for second in range(length):
        asked = rows[_COMMAND, second] > 30 and rows[_TURNING, second] > 1500
        ran += asked
        below = below + 1 if asked and rows[_COMMAND, second] - rows[_BOOST, second] > limit else 0
        if below >= 4:
            return FAILED
    return _verdict(ran >= 10, False)


@compiled
def low_voltage(rows: FloatArray, length: int, limit: float) -> int:
    """P0562: under `limit` V for half a minute with the engine running, short interruptions apart."""
    ran, below = 0, 0
    for second in range(length):
        if rows[_TURNING, second] < 500 or rows[_RUN_TIME, second] < 60:
            continue
        ran += 1
        below = below + 1 if rows[_VOLTAGE, second] < limit else max(below - 2, 0)
        if below >= 30:
            return FAILED
    return _verdict(ran > 120, False)


@compiled
def high_voltage(rows: FloatArray, length: int, limit: float) -> int:
    """P0563: above `limit` V for ten seconds."""
    ran, above = 0, 0
    for second in range(length):
        ran += rows[_TURNING, second] > 400
        above = above + 1 if rows[_VOLTAGE, second] > limit else 0
        if above >= 10:
            return FAILED
    return _verdict(ran > 60, False)


@compiled
def long_crank(rows: FloatArray, length: int, limit: float) -> int:
    """P0615: the starter turned the engine for `limit` seconds or more before it ran."""
    cranked = 0
    for second in range(length):
        if rows[_TURNING, second] > 400:
            return _verdict(True, cranked >= limit)
        cranked += rows[_TURNING, second] > 0
    return NOT_RUN


@compiled
def converter_slip(rows: FloatArray, length: int, limit: float) -> int:
    """P0741: more than `limit` rpm of slip in lock-up over 15 s at 60 to 120 km/h."""
    ran, slip, held = 0, 0.0, 0
    for second in range(1, length):
        steady = abs(rows[_SPEED, second] - rows[_SPEED, second - 1]) < 1.5
        if not (60 < rows[_SPEED, second] < 120 and steady and rows[_COOLANT, second] > 60):
            held = 0
            continue
        ran += 1
        slip += (rows[_SLIP, second] - slip) / 5
        held = held + 1 if slip > limit else 0
        if held >= 15:
            return FAILED
    return _verdict(ran >= 30, False)


@compiled
def air_flow(rows: FloatArray, length: int, trip: Record, limit: float, noise: float) -> int:
    """P0101: the air flow meter is `limit` away from what pressure and speed say over 30 s of more than 8 g/s."""
    error, held, ran = 0.0, 0, 0
    for second in range(length):
        if rows[_AIR, second] < 8 or rows[_COOLANT, second] < 60:
            continue
        ran += 1
        error += (rows[_MAF, second] * trip.flow_gain / rows[_AIR, second] - 1 - error) / 15
        held = held + 1 if abs(error + 0.03 * noise) > limit and ran > 20 else 0
        if held >= 30:
            return FAILED
    return _verdict(ran >= 60, False)
