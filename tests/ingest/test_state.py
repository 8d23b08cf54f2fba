"""What the ECUs of a car say, in three states: codes, none, no answer; and what a silence leaves standing."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from foundation.database import Database
from foundation.identity import Actor, Role
from ingest import dtcs, registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.intake import Intake
from ingest.state import state_of
from ingest.topics import Kind
from tests.ingest.wire import NOON, document

OWNER = Actor("acc_1", "org", Role.OWNER)
MINUTE = timedelta(minutes=1)
FREEZE = {"7E8": {"frame": 0, "dtc": "P0301", "signals": {"engine_speed": 1726.0, "odd_one": 4}}}
READINESS = {
    "7E8": {"mil": True, "dtc_count": 1, "ignition": "spark", "monitors": {"misfire": {"supported": True}}},
}
MONITORS = {"7E8": [{"mid": "21", "tid": "80", "uas": "0A", "value": 0.4, "minimum": 0, "maximum": 1, "unit": "V"}]}


def report(minute: int, ecus: dict[str, Any], *, device: str = "dev-1", boot: str = "b1", **more: Any) -> Arrived:
    told = {"boot": boot, "seq": minute + 1, "t": (NOON - timedelta(hours=1) + minute * MINUTE).isoformat()}
    return document(Kind.DTCS, told | {"ecus": ecus} | more, device=device)


def answer(stored: Any = None, pending: Any = None, permanent: Any = None) -> dict[str, Any]:
    return {"stored": stored, "pending": pending, "permanent": permanent}


@pytest.fixture
def intake(database: Database, tmp_path: Path) -> Intake:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        for device in ("dev-1", "dev-2"):
            registry.add_device(unit, "car-1", device)
    return Intake(database, Archive(tmp_path / "archive"), "w1")


def state(database: Database, vehicle: str = "car-1") -> dict[str, Any]:
    with database.unit() as unit:
        return state_of(unit, OWNER, registry.Vehicles(), vehicle)


def ecu(database: Database, name: str = "7E8") -> dict[str, Any]:
    found: dict[str, Any] = state(database)["trouble_codes"]["ecus"][name]
    return found


def told(database: Database, kind: str = "stored", name: str = "7E8") -> tuple[str, Any]:
    answer = ecu(database, name)["answers"][kind]
    return answer["state"], answer["codes"]


def test_each_kind_has_its_own_state(database: Database, intake: Intake) -> None:
    intake.process([report(0, {"7E8": answer(["P0301"], [], None)}, mil=True)])
    assert told(database, "stored") == ("codes", ["P0301"])
    assert told(database, "pending") == ("none", [])
    assert told(database, "permanent") == ("no_answer", None)
    assert state(database)["trouble_codes"]["mil"] is True


def test_a_silence_keeps_the_last_answer_with_its_time_and_is_told_as_one(database: Database, intake: Intake) -> None:
    intake.process([report(0, {"7E8": answer(["P0301"])}), report(5, {"7E8": answer()})])
    found = ecu(database)["answers"]["stored"]
    assert (found["state"], found["codes"]) == ("no_answer", ["P0301"])
    assert found["at"] - found["answered_at"] == 5 * MINUTE
    assert ecu(database)["stored"] is None, "the newest word is no answer, whatever was said before"


def test_an_ecu_that_a_newer_report_does_not_name_gave_no_answer(database: Database, intake: Intake) -> None:
    intake.process([report(0, {"7E8": answer(["P0301"]), "7E9": answer([])}), report(5, {"7E8": answer([])})])
    assert told(database, name="7E8") == ("none", [])
    assert told(database, name="7E9") == ("no_answer", [])
    intake.process([report(6, {})])
    assert told(database, name="7E8") == ("no_answer", [])


def test_a_clear_followed_by_an_empty_answer_is_none(database: Database, intake: Intake) -> None:
    intake.process([report(0, {"7E8": answer(["P0301"])}, freeze=FREEZE, mil=True)])
    assert ecu(database)["freeze"]["dtc"] == "P0301"
    intake.process([report(9, {"7E8": answer([], [], [])}, mil=False)])
    assert told(database) == ("none", [])
    assert ecu(database)["freeze"] is None, "the frame went with its code"
    assert state(database)["trouble_codes"]["mil"] is False


def test_frame_readiness_and_mode_06_stand_with_their_own_times(database: Database, intake: Intake) -> None:
    intake.process(
        [
            report(0, {"7E8": answer(["P0301"])}, freeze=FREEZE, readiness=READINESS, monitors=MONITORS),
            report(5, {"7E8": answer(["P0301"])}, readiness={}),
        ]
    )
    found = ecu(database)
    assert found["freeze"]["signals"] == {
        "engine_speed": {"value": 1726.0, "unit": "rpm"},
        "odd_one": {"value": 4, "unit": None},
    }
    assert found["readiness"]["monitors"] == {"misfire": {"supported": True, "complete": None}}
    assert found["monitors"]["results"] == MONITORS["7E8"]
    times = {found[name]["at"] for name in ("freeze", "readiness", "monitors")}
    assert found["at"] - times.pop() == 5 * MINUTE
    assert not times


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::4])
def test_the_order_of_arrival_does_not_matter(database: Database, intake: Intake, order: tuple[int, ...]) -> None:
    sent = [
        report(0, {"7E8": answer(["P0301"], []), "7E9": answer(["P0700"])}, freeze=FREEZE),
        report(1, {"7E8": answer(["P0301", "P0302"])}, boot="b0"),
        report(2, {"7E8": answer(None, ["P0303"])}, mil=True),
        report(3, {"7E8": answer(), "7EA": answer([])}),
    ]
    for number in order:
        intake.process([sent[number]])
    found = state(database)["trouble_codes"]
    assert {name: it["answers"]["stored"]["state"] for name, it in found["ecus"].items()} == {
        "7E8": "no_answer",
        "7E9": "no_answer",
        "7EA": "none",
    }
    answers = found["ecus"]["7E8"]["answers"]
    assert (answers["stored"]["codes"], answers["pending"]["codes"]) == (["P0301", "P0302"], ["P0303"])
    assert found["mil"] is None
    with database.unit() as unit:
        assert [it.code for it in dtcs.standing_codes(unit, "car-1")] == ["P0303", "P0301", "P0302", "P0700"]


def test_two_devices_of_one_car_do_not_silence_each_other(database: Database, intake: Intake) -> None:
    intake.process([report(0, {"7E8": answer(["P0301"])})])
    intake.process([report(5, {"unknown": answer([])}, device="dev-2")])
    assert told(database, name="7E8") == ("codes", ["P0301"])
    assert told(database, name="unknown") == ("none", [])


def test_only_a_change_of_codes_is_told_of(database: Database, intake: Intake) -> None:
    heard: list[int] = []

    def process(*reports: Arrived) -> list[int]:
        heard.clear()
        intake.process(reports, codes_changed=lambda _unit, changed: heard.extend(it.origin.seq for it in changed))
        return list(heard)

    assert process(report(0, {"7E8": answer([], [], [])})) == []
    assert process(report(1, {"7E8": answer(["P0301"])}), report(2, {"7E8": answer(["P0301"])})) == [2]
    assert process(report(2, {"7E8": answer(["P0301"])}), report(3, {"7E8": answer()}), report(4, {})) == []
    assert process(report(5, {"7E8": answer(["P0301"], ["P0301"])})) == [6]
    assert process(report(6, {"7E8": answer([])})) == [7]


def test_a_car_that_never_reported_has_no_codes_and_no_none(database: Database, intake: Intake) -> None:
    found = state(database)
    assert found["trouble_codes"] is None
    assert (found["vin_reported"], found["vin_reported_differs"]) == (None, None)


def test_the_car_s_own_vin_registers_it_once_and_never_replaces_another(database: Database, intake: Intake) -> None:
    first, other = "1C4RJFBG8FC123456", "9BWZZZ377VT004251"
    for filler in ("0" * 17, "1C4RJFBG8FC12345O"):
        intake.process([report(0, {}, boot=f"b{filler[-1]}", vin=filler)])
        assert state(database)["vin_reported"] is None
    intake.process([report(1, {}, vin=first)])
    assert (state(database)["vin_reported"], state(database)["vin_reported_differs"]) == (first, False)
    intake.process([report(3, {}, vin=other), report(2, {}, vin=first)])
    assert (state(database)["vin_reported"], state(database)["vin_reported_differs"]) == (other, True)
    with database.unit() as unit:
        assert registry.any_vehicle(unit, "car-1").vin == first
        stored = unit.connection.execute(text("SELECT string_agg(report::text, ' ') FROM dtc_reports")).scalar_one()
    assert first not in stored
    assert other not in stored


def test_the_device_s_own_word_is_shown(database: Database, intake: Intake) -> None:
    said = {
        "online": True,
        "agent": "edge",
        "spool": 3,
        "dead": 1,
        "dropped": 7,
        "disk": "low",
        "clock": "ntp",
        "adapter": "asleep",
    }
    intake.process([document(Kind.STATUS, said)])
    (mine, other) = state(database)["devices"]
    assert mine == {"id": "dev-1", **said, "reported_at": NOON}
    assert (other["online"], other["dropped"]) == (None, None)
