"""What is known of a car now: the newest value of each signal with its age, its devices, its trouble codes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from foundation.database import UnitOfWork
from foundation.identity import Actor
from ingest import dtcs
from ingest.dtcs import EcuCodes
from ingest.readings import Quality
from ingest.signals import SIGNALS
from ingest.tables import device_states, devices, last_values
from ingest.vehicles import VehicleDirectory


def state_of(unit: UnitOfWork, actor: Actor, directory: VehicleDirectory, vehicle: str) -> dict[str, Any]:
    """Give the state of a vehicle the actor may see; ages in seconds of business time, codes in their three states."""
    directory.get(unit, actor, vehicle)
    now = unit.now()
    values = unit.connection.execute(
        select(last_values).where(last_values.c.vehicle == vehicle).order_by(last_values.c.signal)
    ).all()
    carriers = unit.connection.execute(
        select(devices.c.id, device_states)
        .outerjoin(device_states, device_states.c.device == devices.c.id)
        .where(devices.c.vehicle == vehicle, devices.c.revoked_at.is_(None))
        .order_by(devices.c.id)
    ).all()
    codes = dtcs.latest(unit, vehicle)
    return {
        "vehicle": vehicle,
        "last_seen": max((row.at for row in values), default=None),
        "signals": {
            row.signal: {
                "value": row.value,
                "unit": SIGNALS[row.signal].unit,
                "at": row.at,
                "age_s": round((now - row.at).total_seconds(), 1),
                "quality": [flag.name.lower() for flag in Quality(row.quality) if flag.name],
            }
            for row in values
        },
        "devices": [
            {"id": row.id, "online": row.online, "agent": row.agent, "spool": row.spool, "reported_at": row.reported_at}
            for row in carriers
        ],
        "trouble_codes": _codes(codes) if codes else None,
    }


def _codes(answers: Sequence[EcuCodes]) -> dict[str, Any]:
    """Give each ECU's last answer with its own time; the lamp is as the newest of them told it."""
    newest = max(answers, key=lambda it: it.at)
    ecus = {
        it.ecu: {"at": it.at, "stored": it.stored, "pending": it.pending, "permanent": it.permanent} for it in answers
    }
    return {"at": newest.at, "mil": newest.mil, "ecus": ecus}
