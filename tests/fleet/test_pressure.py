"""More than can be taken in: the broker holds the rest, ingest's memory is bounded, nothing is dropped."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest

from forecourt.installation import Installation
from forecourt.settings import Settings
from ingest.vehicles import VehicleConfig
from tests.fleet.crowd import Crowd, message, payload, rows_of
from tests.fleet.fleet import Car, Fleet, machine, rss_mb
from tests.flow.house import ETIOS, eventually

DEVICES, ROWS = 50, 10
GAUGE_S, PRESSURE_S, HALF_S = 15.0, 75.0, 60.0
# So small that two cores can publish twice as much as is committed; what ingest may hold does not depend on it.
SMALL_BATCH = 250
PROBES, TICK_S = 200, 0.25
POLL_S = 0.1 * TICK_S  # so much later a finding is seen at most, and that counts against us
FLAT = 0.10
SIGNALS = ("engine_speed", "vehicle_speed", "engine_load", "throttle_position", "coolant_temperature")


def loads(begun: datetime) -> Callable[[int, int], bytes]:
    rows, begun_ms = rows_of(0.1, {name: [50.0] * ROWS for name in SIGNALS}), round(begun.timestamp() * 1000)
    return lambda _number, seq: message("b1", seq, begun_ms + 1000 * seq, rows)


def gauge(fleet: Fleet, cars: list[Car]) -> float:
    """Give how many messages a second are committed while devices publish as fast as the broker takes them."""
    crowd = Crowd(cars, loads(datetime.now(UTC) - timedelta(days=3)), lambda _: 0.001)
    time.sleep(GAUGE_S / 3)
    before, began = fleet.keys(), time.monotonic()
    time.sleep(GAUGE_S)
    rate = (fleet.keys() - before) / (time.monotonic() - began)
    crowd.hush()
    eventually(lambda: fleet.keys() >= crowd.sent, 300, "what was published for the gauge is committed")
    crowd.stop()
    return rate


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_twice_what_can_be_sustained(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "data", batch_messages=SMALL_BATCH)
    fleet.start()
    try:
        fleet.provision()
        sustained = gauge(fleet, fleet.enrol(DEVICES))
        cars, stored = fleet.enrol(DEVICES), fleet.keys()
        crowd = Crowd(cars, loads(datetime.now(UTC) - timedelta(days=2)), lambda _: DEVICES / (2 * sustained))
        pid = fleet.pid("ingest") or 0
        began, memory, committed, held = time.monotonic(), [], 0, 0
        while (passed := time.monotonic() - began) < PRESSURE_S:
            time.sleep(0.5)
            memory.append(rss_mb(pid))
        committed, published = fleet.keys() - stored, crowd.acknowledged
        held = published - committed
        crowd.hush()
        while fleet.keys() - stored < crowd.sent and time.monotonic() - began < 10 * PRESSURE_S:
            time.sleep(0.5)
            memory.append(rss_mb(pid))
        taken_s = time.monotonic() - began
        third = int(PRESSURE_S / 3 / 0.5)
        peaks = max(memory[:third]), max(memory[third:])
        lasting, files = fleet.get("/v1/ingest/counts"), fleet.files()
        sent = crowd.sent + stored
        print(
            f"\n{machine()}: sustained {sustained:,.0f}/s; for {passed:.0f} s {published / passed:,.0f}/s published, "
            f"{committed / passed:,.0f}/s committed, then {held:,} waited; all {crowd.sent:,} committed after "
            f"{taken_s:.0f} s; ingest's peak {peaks[0]:.0f} MB in the first third, {peaks[1]:.0f} MB after; "
            f"broker {rss_mb(fleet.pid('broker') or 0):.0f} MB; rejected {lasting['rejected']}, "
            f"lost {sent * ROWS - files.identities}, stored twice {files.twice}, redelivered {lasting['redelivered']}"
        )
        assert published >= 1.9 * committed, "that was no pressure"
        assert fleet.keys() == sent
        assert crowd.ended == 0
        assert (files.identities, files.twice, lasting["rejected"]) == (sent * ROWS, 0, {})
        assert lasting["redelivered"] == 0, "the broker hands out more than can be answered in its time"
        assert fleet.pid("ingest") == pid
        assert peaks[1] <= (1 + FLAT) * peaks[0]
        crowd.stop()
    finally:
        fleet.stop()


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_finding_is_there_three_ticks_after_the_publish_at_half_the_sustained_rate(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    rows = 100
    dying = {"engine_speed": [1800.0] * rows, "vehicle_speed": [60.0] * rows, "control_module_voltage": [11.4] * rows}
    fleet = Fleet(tmp_path / "data", tick_s=TICK_S)
    fleet.start()
    try:
        fleet.provision()
        sustained = gauge(fleet, fleet.enrol(DEVICES))
        cars, probed = fleet.enrol(DEVICES), fleet.enrol(PROBES, VehicleConfig.from_json(ETIOS))
        crowd = Crowd(cars, loads(datetime.now(UTC) - timedelta(days=2)), lambda _: 2 * DEVICES / sustained)
        probes = Crowd(probed, lambda _number, _seq: b"")
        time.sleep(5)
        found_at: dict[str, float] = {}
        stored, began, asked, next_at = fleet.keys(), time.monotonic(), 0, time.monotonic()
        address = Installation(Settings(data=fleet.data)).database_url.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as asking:
            while len(found_at) < PROBES and time.monotonic() - began < 3 * HALF_S:
                if asked < PROBES and time.monotonic() >= next_at:
                    begun = datetime.now(UTC) - timedelta(seconds=rows)
                    probes.publish(asked, payload("p1", 1, begun, 1.0, dying))
                    asked, next_at = asked + 1, next_at + chance.uniform(0, 2 * HALF_S / PROBES)
                told = {str(vehicle) for (vehicle,) in asking.execute("SELECT vehicle FROM findings").fetchall()}
                now = time.monotonic()
                for vehicle in told - found_at.keys():
                    found_at[vehicle] = now
                time.sleep(POLL_S)
        rate = (fleet.keys() - stored) / (time.monotonic() - began)
        # The last finding is seen as it is committed, a little before its device is told.
        eventually(lambda: all(1 in wire.committed_at for wire in probes.wires), 30, "all probes are told committed")
        committed = [wire.committed_at[1] - wire.published_at for wire in probes.wires if 1 in wire.committed_at]
        finding = [
            found_at[wire.car.vehicle] - wire.published_at for wire in probes.wires if wire.car.vehicle in found_at
        ]
        (c50, c99), (f50, f99) = (np.percentile(it, (50, 99)) for it in (committed, finding))
        print(
            f"\nseed {seed}, {machine()}: "
            f"sustained {sustained:,.0f}/s, {rate:,.0f}/s meanwhile; {len(finding)} probes; "
            f"publish to told committed p50 {c50 * 1000:.0f} ms, p99 {c99 * 1000:.0f} ms; "
            f"publish to finding p50 {f50 * 1000:.0f} ms, p99 {f99 * 1000:.0f} ms = {f99 / TICK_S:.2f} ticks"
        )
        assert (len(committed), len(finding)) == (PROBES, PROBES)
        assert rate >= 0.4 * sustained, "that was not half the load"
        assert f99 <= 3 * TICK_S
        crowd.stop()
        probes.stop()
    finally:
        fleet.stop()
