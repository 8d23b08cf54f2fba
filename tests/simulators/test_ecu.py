"""What control units answer: payload in, payloads out."""

import numpy as np
import pytest

from ingest.trips import read_trip
from simulators.ecu import Car, Ecu, FreezeFrame, Manners
from simulators.garage import Character
from simulators.live_drive import endless_drive
from simulators.obd_encoding import encode
from simulators.played_trip import EndlessDrive, PlayedTrip, SteppedTrip
from tests.conftest import NOON
from tests.simulators.elm_car import DRIVING, car_of, driving, trip_of


def answers(car: Car, request: str) -> list[str]:
    return [f"{it.ecu:X} {it.data.hex(' ').upper()}" for it in car.ask(bytes.fromhex(request))]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("01 0C", ["7E8 41 0C 1A F8"]),
        ("01 0D", ["7E8 41 0D 32", "7E9 41 0D 32"]),
        ("01 0C 0D", ["7E8 41 0C 1A F8 0D 32", "7E9 41 0D 32"]),
        ("01 00", ["7E8 41 00 98 18 00 11", "7E9 41 00 80 08 00 11"]),
        ("01 20", ["7E8 41 20 00 00 00 01", "7E9 41 20 00 00 00 01"]),
        ("01 40", ["7E8 41 40 C0 00 80 00", "7E9 41 40 80 00 80 00"]),
        ("01 01", ["7E8 41 01 82 07 E5 00", "7E9 41 01 81 07 E5 00"]),
        ("01 60", []),
        ("01 0B", []),
        ("03", ["7E8 43 02 01 43 01 96", "7E9 43 01 07 00"]),
        ("07", ["7E8 47 01 03 01", "7E9 47 00"]),
        ("0A", ["7E8 4A 01 05 62", "7E9 4A 00"]),
        ("02 02 00", ["7E8 42 02 00 01 43", "7E9 42 02 00 07 00"]),
        ("02 0C 00", ["7E8 42 0C 00 1A F8", "7E9 42 0C 00 1A F8"]),
        ("02 0D 00", ["7E8 42 0D 00 32", "7E9 42 0D 00 32"]),
        ("02 0C 01", []),
        ("02 02 01", ["7E8 42 02 01 00 00", "7E9 42 02 01 00 00"]),
        ("02 0C", []),
        ("02 00 00", ["7E8 42 00 00 58 18 00 01", "7E9 42 00 00 58 18 00 01"]),
        ("06 00", ["7E8 46 00 00 00 00 01"]),
        ("06 A0", ["7E8 46 A0 40 00 00 00"]),
        ("06 21", ["7E8 46 21 80 20 00 33 00 00 00 80"]),
        ("09 00", ["7E8 49 00 54 40 00 00"]),
        ("09 02", ["7E8 49 02 01 31 48 47 43 4D 38 32 36 33 33 41 30 30 34 33 35 32"]),
        ("09 06", ["7E8 49 06 02 69 53 CD 4B 61 1F 6E F2"]),
        ("22 F1 90", ["7E8 7F 22 11", "7E9 7F 22 11"]),
    ],
)
def test_two_control_units_answer_each_for_itself(request_: str, told: list[str]) -> None:
    car = car_of(ecus=2)
    car.ecus[0].set_codes(stored=["P0143", "P0196"], pending=["P0301"], permanent=["P0562"])
    car.ecus[1].set_codes(stored=["P0700"])
    assert answers(car, request_) == told


def test_one_control_unit_is_asked_by_its_address() -> None:
    car = car_of(ecus=2)
    assert [it.ecu for it in car.ask(b"\x01\x0d", 0x18)] == [0x7E9]
    assert car.ask(b"\x01\x0d", 0x20) == []


@pytest.mark.parametrize(
    ("manners", "request_", "told"),
    [
        (Manners(one_pid_only=True), "01 00 20", ["7E8 7F 01 12"]),
        (Manners(one_pid_only=True), "01 0C", ["7E8 41 0C 1A F8"]),
        (Manners(refuse_unknown_pid=True), "01 0B", ["7E8 7F 01 12"]),
        (Manners(refuse="01", refuse_code=0x31), "01 05", ["7E8 7F 01 31"]),
        (Manners(refuse_clear_running=True), "04", ["7E8 7F 04 22"]),
        (Manners(pending_on="03,09"), "03", ["7E8 7F 03 78", "7E8 43 00"]),
        (Manners(pending_on="03,09"), "07", ["7E8 47 00"]),
    ],
)
def test_control_units_differ_in_manners(manners: Manners, request_: str, told: list[str]) -> None:
    assert answers(car_of(manners=manners), request_) == told


def test_a_pending_answer_comes_later() -> None:
    told = car_of(manners=Manners(pending_on="03", pending_ms=250)).ask(b"\x03")
    assert [it.after_s for it in told] == [0.0, 0.25]


def test_clearing_takes_everything_but_the_permanent_codes() -> None:
    counters = {"distance_since_dtc_clear": [700.0, 703.0, 704.0], "engine_speed": [800.0] * 3}
    now = [0.0]
    source = PlayedTrip(trip_of(counters), monotonic=lambda: now[0])
    ecu = Ecu(source)
    car = Car([ecu])
    ecu.set_codes(stored=["P0301"], pending=["P0302"], permanent=["P0303"])
    assert answers(car, "01 31") == ["7E8 41 31 02 BC"]
    assert answers(car, "04") == ["7E8 44"]
    assert ecu.codes == ((), (), ("P0303",))
    assert answers(car, "02 02 00") == ["7E8 42 02 00 00 00"]
    assert answers(car, "01 01") == ["7E8 41 01 00 77 E5 E5"]
    assert answers(car, "01 31") == ["7E8 41 31 00 00"]
    now[0] = 1.0
    assert answers(car, "01 31") == ["7E8 41 31 00 03"]


def test_a_given_freeze_frame_stays_what_it_is() -> None:
    car = car_of()
    car.ecus[0].set_codes(stored=["P0301"], freeze={0: FreezeFrame("P0301", {"engine_speed": 900.0})})
    car.ecus[0].set_codes(stored=["P0301", "P0302"])
    assert answers(car, "02 0C 00") == ["7E8 42 0C 00 0E 10"]
    assert answers(car, "02 0D 00") == []
    car.ecus[0].set_codes(stored=[])
    assert answers(car, "02 0C 00") == []


def test_a_wrong_code_changes_nothing() -> None:
    ecu = car_of().ecus[0]
    with pytest.raises(ValueError, match="P9"):
        ecu.set_codes(stored=["P0301"], pending=["P9"])
    assert ecu.codes == ((), (), ())


def test_a_played_value_stands_until_the_next_and_the_car_sleeps_after_the_end() -> None:
    nan = float("nan")
    now = [100.0]
    trip = trip_of({"vehicle_speed": [nan, 10, nan, 30], "control_module_voltage": [14.0, nan, nan, nan]})
    source = PlayedTrip(trip, speed=2.0, monotonic=lambda: now[0])
    car = Car([Ecu(source)])
    assert (car.awake, car.battery_v) == (True, 12.5)
    heard = []
    for now[0] in (100.0, 100.4, 100.5, 101.4, 101.5, 101.6):
        heard.append((answers(car, "01 0D"), round(car.battery_v, 1)))
    assert heard == [([], 14.0), ([], 14.0), (["7E8 41 0D 0A"], 14.0), (["7E8 41 0D 0A"], 14.0),
                     (["7E8 41 0D 1E"], 14.0), ([], 12.5)]  # fmt: skip
    assert not car.awake
    looped = PlayedTrip(trip, loop=True, monotonic=lambda: now[0])
    looped.turn_on()
    now[0] += 3 * 1000 + 1.5
    assert looped.held(["vehicle_speed"]) == {"vehicle_speed": 10.0}


def test_a_stepped_trip_gives_every_reading_of_a_real_trip_once(shared) -> None:
    trip = read_trip(shared / "data/trips/kit/2017-07-28_Seat_Leon_KA_KA_Normal.parquet").columns
    source = SteppedTrip(trip)
    car = Car([Ecu(source)])
    for pid, name in ((0x0C, "engine_speed"), (0x10, "mass_air_flow"), (0x46, "ambient_air_temperature")):
        values = trip.signals[name][np.isfinite(trip.signals[name])]
        heard = []
        while told := car.ask(bytes([1, pid])):
            heard.append(told[0].data[2:])
        assert heard == [encode(pid, {name: float(value)}) for value in values]
    assert not source.exhausted
    for pid in car.ecus[0].pids - {0x01, 0x1C, 0x41, 0x51}:
        while car.ask(bytes([1, pid])):
            pass
    assert source.exhausted
    assert car.ask(b"\x01\x00")


def test_looking_does_not_step() -> None:
    source = SteppedTrip(trip_of({"vehicle_speed": [1, 2, 3], "engine_speed": [0, 900, 900]}))
    engine, gearbox = Ecu(source), Ecu(source, address=0x7E9, moving=False)
    car = Car([engine, gearbox])
    engine.set_codes(stored=["P0301"])
    assert answers(car, "01 0D") == ["7E8 41 0D 01", "7E9 41 0D 01"]
    assert car.battery_v == 12.5
    assert answers(car, "01 0D 0C") == ["7E8 41 0D 02 0C 00 00", "7E9 41 0D 02 0C 00 00"]
    assert answers(car, "01 0C") == ["7E8 41 0C 0E 10", "7E9 41 0C 0E 10"]
    assert car.battery_v == 14.1


def test_drives_follow_one_another_with_the_car_parked_between() -> None:
    now = [0.0]
    source = EndlessDrive(
        lambda number: trip_of({"vehicle_speed": [10.0 * (number + 1)] * 3}), parked_s=60.0, monotonic=lambda: now[0]
    )
    try:
        car = Car([Ecu(source)])
        heard = []
        for now[0] in (0.0, 2.0, 2.1, 61.0, 62.5, 64.6, 140.0):
            heard.append(answers(car, "01 0D"))
        first, second, third = (["7E8 41 0D 0A"], ["7E8 41 0D 14"], ["7E8 41 0D 1E"])
        assert heard == [first, first, [], [], second, [], third]
        assert source.number == 2
    finally:
        source.close()


def test_a_simulated_car_shows_its_fault_drive_after_drive() -> None:
    now = [0.0]
    volts: dict[float, list[float]] = {}
    for severity in (0.0, 1.0):
        now[0] = 0.0
        source = endless_drive(Character(7), lambda _, it=severity: it, lambda: NOON, speed=60.0,
                               parked_s=600.0, monotonic=lambda: now[0])  # fmt: skip
        try:
            car = Car([Ecu(source)])
            while source.number < 2:
                told = car.ask(b"\x01\x0c\x42")
                if told and told[0].data[2:4] != b"\0\0":  # the engine turns
                    volts.setdefault(severity, []).append(int.from_bytes(told[0].data[5:7], "big") / 1000)
                now[0] += 0.25
        finally:
            source.close()
    assert len(volts[0.0]) > 50
    assert np.median(volts[1.0]) < np.median(volts[0.0]) - 0.5


def test_the_test_car_drives() -> None:
    assert driving().half_way() == pytest.approx(DRIVING)
