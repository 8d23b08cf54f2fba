"""What ingest knows of a person: his cars, their devices, what they told, and the archive of their readings."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text, update

from foundation.database import UnitOfWork
from foundation.privacy import Person, Rows, rows_of
from ingest.archive import Archive, stop_workers
from ingest.tables import (
    boots,
    command_approvals,
    commands,
    device_states,
    devices,
    dtc_reports,
    ecu_answers,
    last_values,
    rejected,
    rejected_messages,
    segment_contents,
    trip_spans,
    vehicles,
)

PERSONAL: Mapping[str, str] = {
    "vehicles": "vin vin_reported vin_reported_at config latitude longitude",
    "devices": "password_hash",
    "device_states": "device online agent spool dead clock dropped disk adapter reported_at",
    "last_values": "vehicle signal partition value at boot seq position quality arrived_at",
    "dtc_reports": "device boot seq vehicle organisation partition at arrived_at report",
    "ecu_answers": "device ecu fact vehicle partition told_at told_boot told_seq told answered_at answered_boot"
    " answered_seq answered",
    "commands": "plan result",
    "trip_spans": "id vehicle organisation device boot partition start_at end_at in_use_until last_arrived_at revision"
    " done_revision",
    "segment_contents": "segment device boot vehicle organisation partition first_at last_at readings row_group",
    "rejected_messages": "payload",
    "rejected": "detail",
}
IMPERSONAL: Mapping[str, str] = {
    "vehicles": "id organisation created_at",
    "devices": "id vehicle organisation partition created_at revoked_at dialect wire_partition",
    "message_keys": "device boot seq partition",
    "boots": "device boot vehicle organisation partition through_seq gaps redelivered first_arrived_at last_arrived_at"
    " forgotten_seq",
    "segments": "name worker written_at rows bytes day partition",
    "segment_erasures": "segment vehicle",
    "segment_removals": "name",
    "commands": "id vehicle organisation kind state device requested_by requested_at expires_at due_at sends sent_at"
    " result_at updated_at",
    "command_approvals": "command side account organisation role approved_at",
    "rejected_messages": "id organisation vehicle device topic boot seq arrived_at size",
    "rejected": "id message organisation reason signal readings",
}

NO_PASSWORD = ""  # of the devices of erased cars; it is no hash of anything

_OF_VEHICLES = (
    boots, devices, last_values, dtc_reports, ecu_answers, commands, trip_spans, segment_contents, rejected_messages,
)  # fmt: skip


def vehicles_of(unit: UnitOfWork, person: Person) -> list[str]:
    """Give the cars of a private owner, by id; a fleet's are not one person's."""
    if not person.private:
        return []
    query = select(vehicles.c.id).where(vehicles.c.organisation == person.organisation).order_by(vehicles.c.id)
    return list(unit.connection.execute(query).scalars())


def export_of(unit: UnitOfWork, cars: Sequence[str]) -> dict[str, Rows]:
    """Give what is on file of cars, but for secrets; the readings themselves are in the archive."""
    of_them = select(devices.c.id).where(devices.c.vehicle.in_(cars))
    asked = select(commands.c.id).where(commands.c.vehicle.in_(cars))
    refused = select(rejected_messages.c.id).where(rejected_messages.c.vehicle.in_(cars))
    return {
        "vehicles": rows_of(unit, vehicles, vehicles.c.id.in_(cars)),
        "device_states": rows_of(unit, device_states, device_states.c.device.in_(of_them)),
        "command_approvals": rows_of(unit, command_approvals, command_approvals.c.command.in_(asked)),
        "rejected": rows_of(unit, rejected, rejected.c.message.in_(refused)),
    } | {it.name: rows_of(unit, it, it.c.vehicle.in_(cars), without="password_hash") for it in _OF_VEHICLES}


def erase(unit: UnitOfWork, archive: Archive, cars: Sequence[str], *, history: bool) -> None:
    """Take away what tells whose cars these are; `history`: and forget everything that they told.

    Their devices are locked out while no ingest worker is inside a batch, so that nothing of them is stored later.
    The readings can no longer be found then; `Archive.erase_some` and `remove_files` take them out of the files.
    """
    stop_workers(unit)
    run = unit.connection.execute
    locked = {"password_hash": NO_PASSWORD, "revoked_at": func.coalesce(devices.c.revoked_at, unit.now())}
    run(update(devices).where(devices.c.vehicle.in_(cars)).values(locked))
    named = dict.fromkeys(("vin", "vin_reported", "vin_reported_at", "latitude", "longitude"))
    run(update(vehicles).where(vehicles.c.id.in_(cars)).values(named))
    run(update(dtc_reports).where(dtc_reports.c.vehicle.in_(cars)).values(report=dtc_reports.c.report.op("-")("vin")))
    of_them = select(devices.c.id).where(devices.c.vehicle.in_(cars))
    _forget_payloads(unit, rejected_messages.c.vehicle.in_(cars) | rejected_messages.c.device.in_(of_them))
    if history:
        _erase_history(unit, archive, cars)


def forget_late_messages(unit: UnitOfWork) -> None:
    """Empty what devices of erased cars still sent: it was rejected, as of an unknown device, and kept as it came."""
    gone = select(devices.c.id).where(devices.c.password_hash == NO_PASSWORD)
    _forget_payloads(unit, rejected_messages.c.device.in_(gone))


def _forget_payloads(unit: UnitOfWork, which: ColumnElement[bool]) -> None:
    """Empty raw payloads, which may hold a VIN, a place or readings; what was rejected, and why, is still counted."""
    wanted = which & (rejected_messages.c.payload != b"")
    those = select(rejected_messages.c.id).where(wanted)
    unit.connection.execute(update(rejected).where(rejected.c.message.in_(those)).values(detail=""))
    unit.connection.execute(update(rejected_messages).where(wanted).values(payload=b""))


def _erase_history(unit: UnitOfWork, archive: Archive, cars: Sequence[str]) -> None:
    run = unit.connection.execute
    # First the spans: whoever judges trips of these cars right now holds them, and is waited for.
    for table in (trip_spans, last_values, dtc_reports, ecu_answers):
        run(delete(table).where(table.c.vehicle.in_(cars)))
    of_them = select(devices.c.id).where(devices.c.vehicle.in_(cars))
    run(delete(device_states).where(device_states.c.device.in_(of_them)))
    run(update(vehicles).where(vehicles.c.id.in_(cars)).values(config={}))
    result: Any = text("CASE WHEN result IS NOT NULL THEN CAST('{}' AS jsonb) END")
    run(update(commands).where(commands.c.vehicle.in_(cars)).values(plan=None, result=result))
    archive.mark_for_erasure(unit, cars)
