"""Air that the unit does not count, or counts wrongly (faults.md 0.2, F07, F08, F15)."""

from simulators.compiled import Record, clip, compiled

_LEAK = 1.5  # g/s at full vacuum and severity 1
_UNDER, _OVER = 0.25, 0.08  # by how much a dirty meter is off at severity 1
_LOW, _HIGH = 4.0, 12.0  # g/s, between which it turns from too much to too little
_FULL = 42.0  # g/s per litre, at full power without turbocharger
_LIFT = 60.0  # rpm per g/s that the throttle does not make up for
_LEAST = 0.3  # of the air goes through the throttle, however large the leak


@compiled
def stuck_purge(fault: Record, shape: Record, vacuum: float) -> float:
    """Give g/s of vapour and air through a purge valve that does not close (F15); choked at half vacuum."""
    if fault.evap == 0 or shape.purge_stuck == 0:
        return 0.0
    return fault.evap * shape.purge_most * clip(vacuum / 0.5, 0.0, 1.0)


@compiled
def leak(fault: Record, shape: Record, vacuum: float) -> float:
    """Give g/s through a leak behind the air flow meter (F08), by `vacuum` 0..1 of the pressure around."""
    if fault.vacuum_leak == 0:
        return 0.0
    return _LEAK * fault.vacuum_leak * vacuum**shape.leak_power


@compiled
def unmetered(fault: Record, shape: Record, vacuum: float) -> float:
    """Give g/s that come into the manifold past meter and throttle."""
    return leak(fault, shape, vacuum) + stuck_purge(fault, shape, vacuum)


@compiled
def meter_gain(car: Record, fault: Record, shape: Record, air_flow: float) -> float:
    """Give what the meter says over the air in g/s that passes it (F07).

    Dirt takes a quarter at severity 1. At low flow some meters say too much instead, and others are right at full flow.
    """
    if fault.air_flow_meter == 0:
        return 1.0
    if shape.meter_low > 0:
        left = clip(1 - air_flow / (_FULL * car.displacement), 0.0, 1.0)
        return 1 - _UNDER * fault.air_flow_meter * left * left
    low = shape.meter_over * clip((_HIGH - air_flow) / (_HIGH - _LOW), 0.0, 1.0)
    return 1 + fault.air_flow_meter * (_OVER * low - _UNDER * (1 - low))


@compiled
def counted(car: Record, fault: Record, shape: Record, air_flow: float, vacuum: float) -> float:
    """Give the g/s that a meter shows of the air that the cylinders get."""
    if fault.vacuum_leak == 0 and fault.evap == 0 and fault.air_flow_meter == 0:
        return air_flow
    passing = max(air_flow - unmetered(fault, shape, vacuum), _LEAST * air_flow)
    return passing * meter_gain(car, fault, shape, passing)


@compiled
def throttled(fault: Record, shape: Record, air_flow: float, vacuum: float) -> float:
    """Give the g/s that pass the throttle."""
    if fault.vacuum_leak == 0 and fault.evap == 0:
        return air_flow
    return max(air_flow - unmetered(fault, shape, vacuum), _LEAST * air_flow)


@compiled
def not_caught(fault: Record, shape: Record, vacuum: float) -> float:
    """Give the g/s by which the idle takes more air, since the throttle does not close enough; the spark makes up."""
    if fault.vacuum_leak == 0 and fault.evap == 0:
        return 0.0
    return (1 - shape.leak_caught) * unmetered(fault, shape, vacuum)


@compiled
def idle_lift(fault: Record, shape: Record) -> float:
    """Give rpm by which the idle stands above its target."""
    return _LIFT * not_caught(fault, shape, 0.7)


@compiled
def mixture(car: Record, fault: Record, shape: Record, air_flow: float, vacuum: float) -> float:
    """Give the fuel that the mixture needs over that which the unit meters for it, for the faults of the air alone.

    An engine metered by manifold pressure counts the air of a leak, and of a stuck purge valve all but the fuel in it.
    `shape.purge_rich` is by how much the fuel in the vapour exceeds what its air takes, -1 for pure air.
    """
    if fault.vacuum_leak == 0 and fault.evap == 0 and fault.air_flow_meter == 0:
        return 1.0
    purge = stuck_purge(fault, shape, vacuum)
    if car.speed_density > 0:
        return max(1 - purge * (1 + shape.purge_rich) / air_flow, _LEAST)
    passing = max(air_flow - unmetered(fault, shape, vacuum), _LEAST * air_flow)
    lacking = air_flow - (1 + shape.purge_rich) * min(purge, air_flow - passing)
    return max(lacking, _LEAST * air_flow) / (passing * meter_gain(car, fault, shape, passing))
