"""A command through the running house: both sides agree over HTTP, and the device hears it however the worker dies."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aftersales.seed import WORKSHOP_ORGANISATION
from forecourt.installation import Installation
from forecourt.opened import opened
from forecourt.settings import Settings
from foundation.events import read
from foundation.grants import open_to
from foundation.identity import Role
from ingest.envelope import CommandResult, DtcReport, Outcome
from ingest.publisher import Publisher
from ingest.topics import Kind
from tests.flow.house import House, eventually

CODES = {"7E8": {"stored": ("P0562",), "pending": (), "permanent": None}}
NONE = {"7E8": {"stored": (), "pending": (), "permanent": ()}}


class Device:
    """A car end without a car: hears commands, and carries each out once."""

    def __init__(self, url: str, spool: Path) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.changed = threading.Event()
        self.publisher = Publisher(url, spool=spool, on_command=self._hear)

    def _hear(self, command: Mapping[str, Any]) -> None:
        self.heard.append(command)
        self.changed.set()

    def report(self, ecus: Mapping[str, Any]) -> None:
        self.publisher.send(Kind.DTCS, "b1", DtcReport(datetime.now(UTC), ecus, mil=True))

    def answer(self, command: str) -> None:
        done = CommandResult(None, command, "clear_dtcs", Outcome.DONE, "cleared", {"7E8": "cleared"}, ("7E8 01 44",))
        self.publisher.send(Kind.RESULT, "b1", done)


def test_codes_are_cleared_with_both_authorities_and_no_worker_s_death_loses_the_command(
    house: House, tmp_path: Path
) -> None:
    with opened(Installation(Settings(data=house.data))) as database, database.unit() as unit:
        open_to(unit, house.vehicle, WORKSHOP_ORGANISATION, Role.TECHNICIAN, "test")
    path = f"/v1/vehicles/{house.vehicle}"
    device = Device(house.device_url, tmp_path / "spool.sqlite")
    with device.publisher:
        device.report(CODES)
        told = eventually(lambda: house.get(f"{path}/state")["trouble_codes"], 30, "the codes are in the state")
        assert told["ecus"]["7E8"]["answers"]["stored"]["state"] == "codes"
        command = house.post(f"{path}/commands", {"kind": "clear_dtcs"}, house.workshop)
        assert command["state"] == "awaiting_owner"
        assert not device.changed.wait(2), "nothing is sent on one word"
        house.kill("ingest")
        house.post(f"/v1/commands/{command['id']}/approve", {})
        assert device.changed.wait(30), "the new worker sends it"
        house.kill("ingest")
        eventually(lambda: len(device.heard) > 1, 60, "unanswered, it comes again, from the next worker")
        device.answer(command["id"])
        device.answer(command["id"])
        device.report(NONE)
        assert device.publisher.wait_committed(60)
    ended = house.get(f"/v1/commands/{command['id']}")
    assert (ended["state"], ended["result"]["ecus"]) == ("done", {"7E8": "cleared"})
    assert {it["id"] for it in device.heard} == {command["id"]}
    assert len({*device.heard[0]["authority"].values()}) == 2
    state = house.get(f"{path}/state")
    assert state["trouble_codes"]["ecus"]["7E8"]["answers"]["stored"]["state"] == "none"
    with opened(Installation(Settings(data=house.data))) as database, database.unit() as unit:
        steps = [event.kind for event in read(unit, house.vehicle) if event.kind.startswith("command_")]
    assert steps == ["command_requested", "command_approved", "command_sent", "command_result"]
