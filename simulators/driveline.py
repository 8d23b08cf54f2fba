"""From speed to power and engine speed (faults.md B2): road load, gears, idle, stop-start."""

import numpy as np

from simulators.chance import Dice, normal
from simulators.compiled import Record, clip, compiled

GRAVITY = 9.81
_UPSHIFT_KMH = np.array([15, 30, 48, 65, 85, 1e6], dtype=np.float32)
_RATIO = np.array([4.6, 2.7, 1.85, 1.4, 1.15, 1.0], dtype=np.float32)  # over the top gear
_GRADE_SD, _GRADE_M = 0.015, 300.0  # first-order process along the road
_LOCKING_S = 1.5  # how fast the clutch of a torque converter closes
_LONGEST_STOP_S = 110.0

DRIVELINE = np.dtype(
    [
        ("gear", np.int32),  # 0..5
        ("grade", np.float64),
        ("climbed", np.float64),  # km since the start of the trip
        ("drag", np.float64),  # N per (m/s)2
        ("locked", np.float64),  # 0..1, the clutch of the torque converter
        ("slip_rpm", np.float64),  # what it slips while it should be closed
        ("able", np.float64),  # 1: stop-start works on this trip
        ("off", np.float64),  # 1: it has stopped the engine
        ("stood_s", np.float64),
        ("moved_s", np.float64),  # driven since the last stop began
        ("turning", np.float64),  # rpm, a second ago
        ("urge", np.float64),  # W/kg, what the driver asks for: a mean of the last seconds
        ("dip", np.float64),  # rpm under idle, on the way back to it
        ("flare", np.float64),  # rpm over the gear, after a shift
    ]
)


@compiled
def air_density(ambient: float, barometric: float) -> float:
    """Give kg/m3 from degC and kPa."""
    return 1.225 * (288 / (ambient + 273.15)) * (barometric / 101.3)


@compiled
def begin(car: Record, trip: Record, drive: Record, barometric: float) -> None:
    """Set the state of one trip before its first second."""
    drive.drag = 0.5 * air_density(trip.ambient, barometric) * car.drag_area * trip.drag_gain
    drive.able = car.stop_start if 2 < trip.ambient < 34 else 0.0


@compiled
def wheel_power(
    car: Record, trip: Record, drive: Record, speed_ms: float, acceleration: float, dice: Dice
) -> float:  # fmt: skip
    """Give the power at the wheels in W; negative while the car pushes."""
    keep = np.exp(np.float32(-speed_ms / _GRADE_M))
    drive.grade = drive.grade * keep + _GRADE_SD * np.sqrt(1 - keep * keep) * normal(dice)
    drive.climbed += drive.grade * speed_ms * 1e-3
    ratio = 2 * _RATIO[drive.gear]
    rotating = 1.04 + 0.0025 * ratio * ratio  # 1.05 in top gear, 1.25 in first
    rolling = car.rolling_resistance + drive.grade
    force = (car.mass + trip.payload) * (GRAVITY * rolling + rotating * acceleration)
    wind = speed_ms + trip.wind
    return (force + drive.drag * abs(wind) * wind) * speed_ms


@compiled
def engine_speed(
    car: Record, trip: Record, fault: Record, shape: Record, drive: Record, speed_kmh: float, acceleration: float,
    power: float, idle: float,
) -> float:  # fmt: skip
    """Shift and give the engine speed in rpm that belongs to the road speed, never below `idle`."""
    # A firm right foot shifts later, and down again: from 9 W/kg on, up to nearly twice the speed.
    drive.urge += (power / car.mass - drive.urge) / 2
    late = clip(1 + (drive.urge - 9) / 20, 1.0, 1.9)
    drive.flare *= 0.3
    if speed_kmh > _UPSHIFT_KMH[drive.gear] * late:
        drive.gear += 1
        drive.flare = 350 * fault.transmission_slip
    elif drive.gear > 0 and speed_kmh < _UPSHIFT_KMH[drive.gear - 1] * (1 + 0.75 * (late - 1)) - 4:
        drive.gear -= 1
    top = car.top_gear_speed / 100 / trip.rolling_radius
    if car.stepless_gear > 0:
        by_power = 1050 + 0.055 * max(power, 0.0) / car.displacement**0.7
        direct = clip(by_power, 0.95 * top * speed_kmh, 4.2 * top * speed_kmh)
        drive.locked = 1.0
    else:
        direct = speed_kmh * top * _RATIO[drive.gear]
        holds = drive.gear >= 2 and abs(acceleration) < 0.7
        drive.locked += ((1.0 if holds else 0.0) - drive.locked) / _LOCKING_S
    slips = _slip(car, fault, shape, power, direct) * (drive.locked if car.converter > 0 else 1.0)
    open_ = car.converter * car.slip * (1 - drive.locked) if car.stepless_gear == 0 else 0.0
    turning = direct * (1 + open_ + slips) + drive.flare
    drive.slip_rpm = (turning - direct) if drive.locked > 0.9 and speed_kmh > 40 else 0.0
    turning = max(turning, idle)
    # A throttle that is full of soot catches the falling engine late (F20), and in the end cannot hold it any more.
    back = turning < idle + 60 and drive.turning > idle + 120
    drive.dip = 80 * fault.throttle_body if back else 0.5 * drive.dip
    drive.turning = turning
    spent = 150 * max(fault.throttle_body - shape.throttle_spent, 0.0) if turning < idle + 60 else 0.0
    return clip(turning - drive.dip - spent, 0.0, 6500.0)


@compiled
def _slip(car: Record, fault: Record, shape: Record, power: float, direct: float) -> float:
    """Give by which share the engine runs ahead of its gear, 8 % at severity 1 (F25).

    A lock-up, or a belt, slips more or less alike, the more the more it follows torque, and runs behind when the wheels
    drive the engine; a dry clutch holds until it has to carry more than two fifths of what the engine can.
    """
    torque = power / (9.4 * car.displacement * max(direct, 800.0) * (1 + 0.6 * car.turbocharged))  # 1 is full load
    if car.converter > 0 or car.stepless_gear > 0:
        follows = shape.slip_follows
        steady = 1 - follows + follows * clip(torque / 0.35, 0.4, 2.0)
        share = steady if power > 0 else -0.25 * follows
    else:
        share = clip((torque - 0.4) / 0.25, 0.0, 1.8)
    return 0.08 * fault.transmission_slip * share


@compiled
def idle_speed(car: Record, coolant: float, since_start: float) -> float:
    """Give the idle target in rpm: raised while cold, with a flare just after the start."""
    cold = 450 * np.exp(np.float32(-(coolant + 10) / 25))
    flare = 450 * np.exp(np.float32(-since_start / 7)) if since_start < 60 else 0.0
    return car.idle_speed + cold + flare


@compiled
def stop_start(drive: Record, moves: bool, moving_soon: bool, coolant: float, charge: float) -> None:
    """Decide whether the engine stands. `moving_soon`: the car rolls now or within a second."""
    drive.stood_s = 0.0 if moving_soon else drive.stood_s + 1
    if drive.able > 0 and coolant > 55 and charge > 0.68 and drive.moved_s > 10 and drive.stood_s == 2:
        drive.off = 1.0
    if moving_soon or drive.stood_s >= _LONGEST_STOP_S:
        drive.off = 0.0
    if drive.off > 0:
        drive.moved_s = 0.0
    elif moves:
        drive.moved_s += 1
