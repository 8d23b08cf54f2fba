"""What is known of a car now: the newest value of each signal with its age, its devices, what its ECUs said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from foundation.database import UnitOfWork
from foundation.identity import Actor
from ingest import ecu_answers
from ingest.device_states import STATUS_WORDS
from ingest.ecu_answers import CAR, CODE_KINDS, LAMP, EcuAnswer, Moment
from ingest.readings import Quality
from ingest.signals import SIGNALS
from ingest.tables import device_states, devices, last_values, vehicles
from ingest.vehicles import VehicleDirectory

CODES, NONE, NO_ANSWER = "codes", "none", "no_answer"


def state_of(unit: UnitOfWork, actor: Actor, directory: VehicleDirectory, vehicle: str) -> dict[str, Any]:
    """Give the state of a vehicle the actor may see; ages in seconds of business time, codes in their three states."""
    directory.get(unit, actor, vehicle)
    now = unit.now()
    values = unit.connection.execute(
        select(last_values).where(last_values.c.vehicle == vehicle).order_by(last_values.c.signal)
    ).all()
    vin = unit.connection.execute(select(vehicles.c.vin, vehicles.c.vin_reported).where(vehicles.c.id == vehicle)).one()
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
        "devices": [_device(row) for row in _devices(unit, vehicle)],
        "trouble_codes": trouble_codes(ecu_answers.of_vehicle(unit, vehicle)),
        "vin_reported": vin.vin_reported,
        "vin_reported_differs": None if vin.vin_reported is None else vin.vin_reported != vin.vin,
    }


def last_seen(names: Select[str]) -> Select[str, datetime]:
    """Give the query of `vehicle` and when its newest reading was taken (`at`); those never heard are left out."""
    of = last_values.c
    return select(of.vehicle, func.max(of.at).label("at")).where(of.vehicle.in_(names)).group_by(of.vehicle)


def trouble_codes(words: Sequence[EcuAnswer]) -> dict[str, Any] | None:
    """Show what the ECUs of a car said, each with its own time; None when no report ever came.

    `answers` tells per kind what the newest report of the device that knows the ECU holds: codes, none, or no answer,
    which a report that does not name the ECU at all is, too. The last real answer stays beside it, with its time.
    """
    reports = {it.device: it for it in words if it.ecu == CAR}
    if not reports:
        return None
    newest = max(reports.values(), key=lambda it: it.told_by)
    found = ecu_answers.newest_of(it for it in words if it.ecu != CAR)
    answered = _last_answers(words)
    ecus = {
        ecu: _ecu(
            {fact: it for (name, fact), it in found.items() if name == ecu},
            {fact: it for (name, fact), it in answered.items() if name == ecu},
            {device: it.told_by for device, it in reports.items()},
        )
        for ecu in sorted({ecu for ecu, _ in found})
    }
    return {"at": newest.told_by.at, "mil": newest.told if newest.fact == LAMP else None, "ecus": ecus}


def _last_answers(words: Sequence[EcuAnswer]) -> dict[tuple[str, str], EcuAnswer]:
    last: dict[tuple[str, str], EcuAnswer] = {}
    for it in words:
        known = last.get((it.ecu, it.fact))
        if it.answered_by and (known is None or known.answered_by is None or it.answered_by > known.answered_by):
            last[it.ecu, it.fact] = it
    return last


def _ecu(
    told: Mapping[str, EcuAnswer], answered: Mapping[str, EcuAnswer], newest: Mapping[str, Moment]
) -> dict[str, Any]:
    """Show one ECU; `newest` is the newest report of each device."""
    codes = {kind: told[kind] for kind in CODE_KINDS if kind in told}
    answers = {kind: _answer(it, answered.get(kind), newest[it.device]) for kind, it in codes.items()}
    return {
        "at": max(it.told_by.at for it in (codes or told).values()),
        **{kind: codes[kind].told if kind in codes else None for kind in CODE_KINDS},
        "answers": answers,
        "freeze": _freeze(answered.get("freeze"), answers),
        "readiness": _with_time(answered.get("readiness")),
        "monitors": _results(answered.get("monitors")),
    }


def _answer(word: EcuAnswer, last: EcuAnswer | None, newest: Moment) -> dict[str, Any]:
    """Show one kind of codes: the newest word, and beside it the codes of the last real answer."""
    silent = word.told is None or word.told_by < newest
    return {
        "state": NO_ANSWER if silent else CODES if word.told else NONE,
        "at": newest.at if silent else word.told_by.at,
        "codes": last.answered if last else None,
        "answered_at": last.answered_by.at if last and last.answered_by else None,
    }


def _freeze(frame: EcuAnswer | None, answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """Show the last freeze frame, unless the ECU has since answered that its code is gone, and the frame with it."""
    if frame is None or frame.answered_by is None:
        return None
    later = [it for it in answers.values() if it["answered_at"] and it["answered_at"] > frame.answered_by.at]
    if later and not any(frame.answered["dtc"] in it["codes"] for it in answers.values() if it["codes"]):
        return None
    signals = {
        name: {"value": value, "unit": SIGNALS[name].unit if name in SIGNALS else None}
        for name, value in frame.answered["signals"].items()
    }
    return {**frame.answered, "at": frame.answered_by.at, "signals": signals}


def _with_time(last: EcuAnswer | None) -> dict[str, Any] | None:
    return {**last.answered, "at": last.answered_by.at} if last and last.answered_by else None


def _results(last: EcuAnswer | None) -> dict[str, Any] | None:
    return {"at": last.answered_by.at, "results": last.answered} if last and last.answered_by else None


def _devices(unit: UnitOfWork, vehicle: str) -> Sequence[Row[Any]]:
    return unit.connection.execute(
        select(devices.c.id, device_states)
        .outerjoin(device_states, device_states.c.device == devices.c.id)
        .where(devices.c.vehicle == vehicle, devices.c.revoked_at.is_(None))
        .order_by(devices.c.id)
    ).all()


def _device(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "reported_at": row.reported_at} | {name: getattr(row, name) for name in STATUS_WORDS}
