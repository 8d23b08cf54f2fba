"""Commands: carried out once, refused without authority, told again, and honest about what nobody knows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.edge.adapter import AdapterGone
from ingest.edge.batches import Batches
from ingest.edge.edge import Edge
from ingest.edge.plan import load_plan
from ingest.envelope import CommandResult, DtcReport, Outcome
from ingest.spool import Rank
from tests.ingest.edge.fakes import FakeCar, World, drive, make_edge, readings, reports, results, spooled, two_ecus

BOTH = {"owner": "acc_1", "technician": "acc_2"}
CLEAR = {"id": "cmd_1", "kind": "clear_dtcs", "authority": BOTH}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def car(world: World) -> FakeCar:
    return FakeCar(world, two_ecus())


@pytest.fixture
def edge(tmp_path: Path, world: World, car: FakeCar) -> Iterator[Edge]:
    one = make_edge(tmp_path, world, car)
    yield one
    one.stop()


def give(edge: Edge, world: World, command: object, at: float = 5.0) -> None:
    world.events.append((at, lambda: edge._hear(command)))


def test_codes_are_cleared_by_both_authorities_between_two_reports_and_by_44_alone(
    edge: Edge, world: World, car: FakeCar
) -> None:
    give(edge, world, CLEAR)
    drive(edge, world, 15)
    (result,) = results(edge)
    assert (result.id, result.kind, result.outcome) == ("cmd_1", "clear_dtcs", Outcome.DONE)
    assert result.ecus == {"7E8": "cleared", "7E9": "cleared"}
    assert result.replies == ("7E8 01 44", "7E9 01 44")
    kinds = [type(message.content) for _, message in spooled(edge)]
    at = kinds.index(CommandResult)
    assert kinds[at - 2 : at] == [DtcReport, DtcReport]
    frames = [it.freeze is not None for it in reports(edge)]
    assert frames == [True, True, False]  # the evidence is saved before it is cleared
    assert [it for _, it in car.bus_requests()].count("04") == 1


@pytest.mark.parametrize(
    ("replies", "outcome", "ecus"),
    [
        (["7E8 03 7F 04 22", "7E9 01 44"], Outcome.FAILED, {"7E8": "refused 22", "7E9": "cleared"}),
        (["7E8 01 44"], Outcome.UNKNOWN, {"7E8": "cleared", "7E9": "no answer"}),
        (["NO DATA"], Outcome.UNKNOWN, {"7E8": "no answer", "7E9": "no answer"}),
        (["7E8 03 7F 04 78"], Outcome.UNKNOWN, {"7E8": "no answer", "7E9": "no answer"}),
        (["7E8 03 41 04 3F"], Outcome.UNKNOWN, {"7E8": "no answer", "7E9": "no answer"}),
    ],
)
def test_whatever_is_not_44_is_not_cleared(
    edge: Edge, world: World, car: FakeCar, replies: list[str], outcome: Outcome, ecus: dict[str, str]
) -> None:
    car.replies["04"] = replies
    give(edge, world, CLEAR)
    drive(edge, world, 20)
    (result,) = results(edge)
    assert (result.outcome, result.ecus, result.replies) == (outcome, ecus, tuple(replies))


@pytest.mark.parametrize(
    "authority",
    [
        None,
        "acc_1",
        {},
        {"owner": "acc_1"},
        {"technician": "acc_2"},
        {"owner": "acc_1", "technician": "acc_1"},
        {"owner": "", "technician": "acc_2"},
        {"owner": ["acc_1"], "technician": {"a": 1}},
        {"owner": True, "technician": "acc_2"},
    ],
)
def test_without_both_authorities_nothing_is_cleared(edge: Edge, world: World, car: FakeCar, authority: Any) -> None:
    give(edge, world, {**CLEAR, "authority": authority})
    drive(edge, world, 10)
    assert [it.outcome for it in results(edge)] == [Outcome.REFUSED]
    assert "04" not in {it for _, it in car.bus_requests()}


def test_a_command_is_carried_out_once_and_answered_each_time_also_after_a_restart(
    tmp_path: Path, edge: Edge, world: World, car: FakeCar
) -> None:
    for at in (5.0, 5.1, 8.0):
        give(edge, world, CLEAR, at)
    drive(edge, world, 15)
    edge.stop()
    again = make_edge(tmp_path, world, car)
    give(again, world, CLEAR, world.at + 5)
    drive(again, world, 15)
    told = results(again)
    assert len(told) >= 3
    assert {(it.outcome, it.replies) for it in told} == {(Outcome.DONE, ("7E8 01 44", "7E9 01 44"))}
    assert [it for _, it in car.bus_requests()].count("04") == 1
    again.stop()


def test_what_was_begun_when_the_process_died_is_unknown_and_not_done_again(
    tmp_path: Path, world: World, car: FakeCar
) -> None:
    first = make_edge(tmp_path, world, car)

    def die(_command: str, _timeout_s: float) -> list[str]:
        raise KeyboardInterrupt  # as abrupt as a killed process, but for the file locks

    def break_off() -> None:
        car.request = die  # type: ignore[method-assign]

    first._hear(CLEAR)
    command = first.desk.next()
    assert command is not None
    first.publisher.spool.keep("command:cmd_1", '{"state": "begun", "kind": "clear_dtcs"}')
    break_off()
    with pytest.raises(KeyboardInterrupt):
        drive(first, world, 10)
    first.stop()
    fresh = FakeCar(world, two_ecus())
    again = make_edge(tmp_path, world, fresh)
    give(again, world, CLEAR, world.at + 3)
    drive(again, world, 10)
    assert {it.outcome for it in results(again)} == {Outcome.UNKNOWN}
    assert "04" not in {it for _, it in fresh.bus_requests()}
    again.stop()


def test_an_adapter_lost_in_the_middle_leaves_it_unknown(edge: Edge, world: World, car: FakeCar) -> None:
    car.dies_on = "04"
    give(edge, world, CLEAR)
    drive(edge, world, 30)
    assert [it.outcome for it in results(edge)] == [Outcome.UNKNOWN]
    assert edge.facts()["connections"] > 1


def test_a_snapshot_reads_everything_once_awake_or_asleep(edge: Edge, world: World, car: FakeCar) -> None:
    car.replies |= {"010C": ["7E8 04 41 0C 00 00"], "010D": ["7E8 03 41 0D 00"]}
    give(edge, world, {"id": "cmd_2", "kind": "snapshot"}, 300)
    drive(edge, world, 320)
    (result,) = results(edge)
    assert (result.outcome, result.detail) == (Outcome.DONE, "3 signals of 3 PIDs were read")
    assert set(readings(edge)[-1][1].signals) == {"coolant_temperature", "engine_speed", "vehicle_speed"}
    assert "0105" not in {it for _, it in car.bus_requests(130, 299)}


def test_a_low_battery_is_not_drained_by_commands(edge: Edge, world: World, car: FakeCar) -> None:
    car.ignition, car.volts = False, 11.4
    give(edge, world, {"id": "cmd_3", "kind": "snapshot"})
    drive(edge, world, 30)
    assert [it.outcome for it in results(edge)] == [Outcome.REFUSED]
    assert car.bus_requests() == []


def test_a_poll_plan_is_used_at_once_and_kept_over_a_restart(
    tmp_path: Path, edge: Edge, world: World, car: FakeCar
) -> None:
    plan = {"fast": {"signals": ["vehicle_speed"], "period_s": 0.5}}
    give(edge, world, {"id": "cmd_4", "kind": "poll_plan", "plan": plan}, 30)
    drive(edge, world, 60)
    assert {it for _, it in car.bus_requests(31) if it[:2] == "01"} == {"0101", "010D"}
    assert 55 <= [it for _, it in car.bus_requests(31)].count("010D") <= 60
    assert [it.outcome for it in results(edge)] == [Outcome.DONE]
    edge.stop()
    again = make_edge(tmp_path, world, car)
    assert again.poller.plan == load_plan(tmp_path / "plan.json")
    drive(again, world, 10)
    assert "010C" not in {it for _, it in car.bus_requests(61)}
    again.stop()


@pytest.mark.parametrize(
    "plan",
    [
        None,
        [],
        {},
        {"fast": 5},
        {"fast": {"signals": ["nothing"], "period_s": 1}},
        {"fast": {"signals": [], "period_s": 1}},
        {"fast": {"signals": ["engine_speed"], "period_s": 0}},
        {"fast": {"signals": ["engine_speed"], "period_s": float("nan")}},
        {"slow": {"period_s": 10}, "other": {}},
    ],
)
def test_a_poll_plan_that_is_none_is_refused_in_words(edge: Edge, world: World, plan: Any) -> None:
    before = edge.poller.plan
    give(edge, world, {"id": "cmd_5", "kind": "poll_plan", "plan": plan})
    drive(edge, world, 10)
    (result,) = results(edge)
    assert result.outcome is Outcome.REFUSED
    assert "plan" in result.detail
    assert edge.poller.plan == before


def test_what_cannot_be_done_in_its_time_fails(edge: Edge, world: World, car: FakeCar) -> None:
    car.dead = True
    give(edge, world, {"id": "cmd_6", "kind": "snapshot", "valid_s": 60})
    drive(edge, world, 200)
    (result,) = results(edge)
    assert (result.outcome, "its time" in result.detail) == (Outcome.FAILED, True)


def test_strange_documents_are_left_alone_and_strange_kinds_refused(edge: Edge, world: World) -> None:
    for document in (
        5,
        None,
        [],
        {"id": 5},
        {"id": "x y", "kind": "snapshot"},
        {"id": "a", "kind": "snapshot", "valid_s": "1"},
    ):
        give(edge, world, document)
    give(edge, world, {"id": "cmd_7", "kind": "open_windows"})
    drive(edge, world, 10)
    assert [(it.id, it.outcome) for it in results(edge)] == [("cmd_7", Outcome.REFUSED)]


def test_what_the_disk_does_not_take_down_is_not_begun(
    edge: Edge, world: World, car: FakeCar, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = edge.publisher.spool.keep
    monkeypatch.setattr(edge.publisher.spool, "keep", lambda key, value: "begun" not in value and keep(key, value))
    give(edge, world, CLEAR)
    drive(edge, world, 20)
    assert "04" not in {it for _, it in car.bus_requests()}
    assert results(edge) == []


def test_results_and_codes_outlive_readings_in_the_spool(edge: Edge, world: World) -> None:
    give(edge, world, CLEAR)
    drive(edge, world, 60)
    ranks = dict(edge.publisher.spool._file.execute("SELECT kind, min(rank) FROM outbox GROUP BY kind").fetchall())
    assert ranks == {"result": Rank.KEEP, "dtcs": Rank.KEEP, "readings/bin": Rank.SLOW}


def test_a_lost_adapter_before_the_clearing_is_a_failure(edge: Edge, world: World, car: FakeCar) -> None:
    request = car.request

    def breaks(command: str, timeout_s: float) -> list[str]:
        if world.at > 5.0 and command == "03":
            raise AdapterGone("the link is lost")
        return request(command, timeout_s)

    car.request = breaks  # type: ignore[method-assign]
    give(edge, world, CLEAR)
    drive(edge, world, 12)
    assert [it.outcome for it in results(edge)] == [Outcome.FAILED]


def test_a_snapshot_leaves_the_open_batches_in_the_journal(
    tmp_path: Path, edge: Edge, world: World, car: FakeCar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Batches, "end_all", lambda _self: None)  # a killed process does not come to that
    give(edge, world, {"id": "cmd_8", "kind": "snapshot"}, 5.0)
    world.events.append((6.0, lambda: setattr(car, "request", _killed)))
    with pytest.raises(KeyboardInterrupt):
        drive(edge, world, 8)
    edge.stop()
    again = make_edge(tmp_path, world, car)
    asked = [it for _, it in car.bus_requests()].count("010C")
    fast = [it for _, it in readings(again) if "engine_speed" in it.signals]
    read = sum(int(np.isfinite(it.values[it.signals.index("engine_speed")]).sum()) for it in fast)
    assert read == asked
    again.stop()


def _killed(_command: str, _timeout_s: float) -> list[str]:
    raise KeyboardInterrupt
