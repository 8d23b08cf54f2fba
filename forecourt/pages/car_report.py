"""What a car says of itself, for both sides' pages: codes per control unit, and what is asked of the car."""

from typing import Any

from aftersales.codes import faults_of
from diagnostics.faults import FAULTS
from forecourt.pages.readers import Reader
from foundation.database import UnitOfWork
from foundation.identity import Role
from ingest.commands import AUTHORITIES, OPEN, CommandKind, list_commands, open_commands
from ingest.signals import SIGNALS
from ingest.state import state_of

SHOWN_COMMANDS = 3  # of those that have ended, the newest


def car_report(unit: UnitOfWork, reader: Reader, vehicle: str) -> dict[str, Any]:
    """Give what the templates of `car_says.html` show of a car that the reader may see."""
    state = state_of(unit, reader.actor, reader.site.vehicles, vehicle)
    ecus = state["trouble_codes"]["ecus"].values() if state["trouble_codes"] else ()
    codes = {code for ecu in ecus for answer in ecu["answers"].values() for code in answer["codes"] or ()}
    clearing, reading = AUTHORITIES[CommandKind.CLEAR_DTCS], AUTHORITIES[CommandKind.SNAPSHOT]
    asked = list_commands(unit, reader.actor, reader.site.vehicles, vehicle).items
    ended = [command for command in asked if command["state"] not in OPEN][:SHOWN_COMMANDS]
    return {
        "report": state["trouble_codes"],
        "codes": sorted(codes),
        "meanings": {code: [FAULTS[fault] for fault in faults_of(code)] for code in codes},
        "signals": SIGNALS,
        "other_vin": state["vin_reported"] if state["vin_reported_differs"] else None,
        "asked": open_commands(unit, reader.actor, reader.site.vehicles, vehicle) + ended,
        "may_clear": reader.actor.role in clearing.owner | clearing.workshop,
        "may_ask": reader.actor.role is Role.ADMINISTRATOR or reader.actor.role in reading.owner | reading.workshop,
    }
