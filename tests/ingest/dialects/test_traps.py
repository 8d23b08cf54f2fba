"""The traps of each maker's format, one test each."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from ingest.arrived import Arrived
from ingest.dialects import decode
from ingest.envelope import DtcReport, Malformed, Message, Readings, Status
from ingest.gate import Known, judge
from ingest.registry import Owner
from ingest.rejected import Reason, header_of
from tests.ingest.dialects.payloads import TORQUE, TRACCAR
from tests.ingest.wire import NOON

KNOWN = Known({"d": Owner("d", "car-1", "org", 3)})


def contents(topic: str, payload: str | dict[str, Any], *, retained: bool = False) -> list[Any]:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return [one.content for one in decode([Arrived(topic, text.encode(), NOON, retained)])]


def readings(topic: str, payload: str | dict[str, Any], *, retained: bool = False) -> Readings:
    (message,) = contents(topic, payload, retained=retained)
    assert isinstance(message, Message)
    assert isinstance(message.content, Readings)
    return message.content


def reasons(topic: str, payload: str | dict[str, Any]) -> dict[Reason, int]:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    judged = judge(decode([Arrived(topic, text.encode(), NOON)]), KNOWN)
    return {one.reason: one.readings for one in judged.rejections}


def torque(query: str) -> Readings:
    return readings("fc/v1/d/http/torque", query)


def traccar(**changes: Any) -> dict[str, Any]:
    position = TRACCAR["position"]
    attributes = position["attributes"] | changes.pop("attributes", {})  # type: ignore[index]
    return {"position": position | changes | {"attributes": attributes}, "device": TRACCAR["device"]}  # type: ignore[operator]


def test_wican_time_is_that_of_the_arrival_whatever_ts_says() -> None:
    frame = {"id": 2024, "extd": False, "data": [3, 65, 91, 170, 0, 0, 0, 0]}
    content = readings("wican/d/can/rx", {"bus": 0, "type": "rx", "ts": 34610, "frame": [frame]})
    assert content.t0 is None
    assert content.dt_ms.tolist() == [0]


def test_what_the_broker_tells_from_memory_is_no_reading() -> None:
    for topic, payload in (("wican/d/can/rx", '{"SOC":66.5}'), ("ovms/d/car/metric/v/p/speed", "50")):
        assert readings(topic, payload).count == 1
        assert readings(topic, payload, retained=True).count == 0


def test_wican_frames_that_are_no_replies_are_rejected_with_a_reason() -> None:
    def told(*frames: tuple[int, bool, list[Any]]) -> list[Any]:
        listed = [{"id": number, "extd": extended, "data": data} for number, extended, data in frames]
        return contents("wican/d/can/rx", {"frame": listed})

    coolant = [3, 0x41, 5, 130, 0, 0, 0, 0]
    for frame in (
        (123, False, coolant),  # nobody's diagnostic address
        (2024, True, coolant),
        (2024, False, [0x10, 0x0A, 0x41, 5, 130, 1, 2, 3]),  # the first of several
        (2024, False, [3, 0x7F, 1, 0x12, 0, 0, 0, 0]),  # a refusal
        (2024, False, [2, 0x41, 5, 130, 0, 0, 0, 0]),  # a length that is not the parameter's
        (2024, False, [3, 0x41, 5, 999, 0, 0, 0, 0]),
    ):
        (refused,) = told(frame)
        assert isinstance(refused, Malformed)
        assert "raw CAN frames" in refused.reason
    (message,) = told((0x18DAF110, True, coolant), (123, False, coolant))
    assert (
        dict(zip(message.content.signals, message.content.values[:, 0].tolist(), strict=True))["coolant_temperature"]
        == 90
    )
    assert message.content.count == 2


def test_wican_says_on_and_off_in_words() -> None:
    content = readings("wican/d/can/rx", {"AC_PLUG": "on", "SOC": "empty", "EngineSpeed": None})
    assert content.values[:, 0].tolist() == [1, np.inf]


def test_an_ovms_record_happened_before_it_was_sent_and_is_known_again_when_older() -> None:
    topic = "ovms/d/car/notify/data/drive/17/-"
    first, again, other = (contents(topic + age, line)[0] for age, line in (("61", "a"), ("93", "a"), ("61", "b")))
    assert first.header.age_ms == 61_000
    assert (first.header.boot, first.header.seq) == (again.header.boot, again.header.seq)
    assert first.header.seq != other.header.seq
    assert isinstance(contents(topic + "9" * 12, "a")[0], Malformed)
    assert reasons(topic + "61", "a") == {Reason.UNKNOWN_SIGNAL: 1}


def test_ovms_s_last_will_is_a_status() -> None:
    assert contents("ovms/d/car/metric/s/v3/connected", "no") == [Status(online=False, agent="ovms")]


def test_a_status_is_one_of_two_words() -> None:
    for told in ({}, [], None, "on"):
        assert isinstance(contents("wican/d/status", {"status": told})[0], Malformed)


@pytest.mark.parametrize("text", ["nan", "1_000", "٣", "0x10", "1,2", "inf"])
def test_a_known_ovms_metric_that_is_no_number_is_malformed(text: str) -> None:
    assert isinstance(contents("ovms/d/car/metric/v/p/speed", text)[0], Malformed)


def test_autopi_s_time_is_utc_though_it_does_not_say_so() -> None:
    content = readings("autopi/d/obd", '[{"@ts":"2026-11-22T10:00:00.123456","@t":"obd.speed","value":12}]')
    assert content.t0 == datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


def test_a_day_that_is_in_no_calendar_is_malformed() -> None:
    for time in ("2019-02-29T23:00:07", "0001-01-01T00:00:00+14:00"):
        assert isinstance(contents("autopi/d/obd", f'[{{"@ts":"{time}","@t":"obd.speed","value":1}}]')[0], Malformed)


def test_of_a_key_that_torque_says_twice_the_last_counts() -> None:
    content = torque(TORQUE + "&kc=1200")
    assert dict(zip(content.signals, content.values[:, 0].tolist(), strict=True))["engine_speed"] == 1200


def test_infinity_in_torque_is_rejected_alone() -> None:
    assert reasons("fc/v1/d/http/torque", TORQUE.replace("1178.0", "Infinity")) == {
        Reason.NOT_FINITE: 1,
        Reason.UNKNOWN_SIGNAL: 1,
    }


def test_torque_s_units_are_what_its_user_chose() -> None:
    for unit, value, celsius in (("%C2%B0F", "194", 90), ("%C2%B0C", "90", 90)):
        content = torque(f"time=1795405140000&k5={value}&userUnit5={unit}")
        assert content.values[0, 0] == pytest.approx(celsius)
    assert reasons("fc/v1/d/http/torque", "time=1795405140000&k5=1&userUnit5=furlong") == {Reason.WRONG_UNIT: 1}


def test_units_learnt_in_between_do_not_make_a_resend_another_message() -> None:
    plain, learnt = (contents("fc/v1/d/http/torque", TORQUE + more)[0] for more in ("", "&userUnit5=%C2%B0F"))
    assert plain.header == learnt.header
    assert plain.header.boot == "torque-1574906194609"


def test_traccar_s_own_speed_is_in_knots_and_the_car_s_is_not() -> None:
    for attributes, expected in (({}, 27 * 1.852), ({"obdSpeed": 48}, 48)):
        message, _ = contents("fc/v1/d/http/traccar", traccar(attributes=attributes))
        values = dict(zip(message.content.signals, message.content.values[:, 0].tolist(), strict=True))
        assert values["vehicle_speed"] == pytest.approx(expected)
    message, _ = contents("fc/v1/d/http/traccar", traccar(valid=False))
    assert "vehicle_speed" not in message.content.signals


def test_an_empty_text_of_codes_does_not_say_that_they_were_read() -> None:
    assert len(contents("fc/v1/d/http/traccar", traccar(attributes={"dtcs": ""}))) == 1
    _, report = contents("fc/v1/d/http/traccar", traccar())
    assert isinstance(report.content, DtcReport)
    assert report.content.ecus == {"unknown": {"stored": ("P0301", "P0420"), "pending": None, "permanent": None}}
    _, refused = contents("fc/v1/d/http/traccar", traccar(attributes={"dtcs": "P0301 engine"}))
    assert isinstance(refused, Malformed)


def test_a_traccar_device_s_future_is_quarantined() -> None:
    ahead = (NOON + timedelta(days=400)).isoformat()
    found = decode([Arrived("fc/v1/d/http/traccar", json.dumps(traccar(deviceTime=ahead)).encode(), NOON)])
    judged = judge(found, KNOWN)
    assert judged.batch.rows == 0
    assert not judged.reports
    assert {one.reason for one in judged.rejections} == {Reason.FUTURE_TIME, Reason.UNKNOWN_SIGNAL}


def test_a_traccar_resend_reached_their_server_later() -> None:
    first, later = (
        [header_of(one) for one in decode([Arrived("fc/v1/d/http/traccar", json.dumps(it).encode(), NOON)])]
        for it in (traccar(), traccar(serverTime="2026-11-23T05:00:00.000+00:00"))
    )
    assert first == later


def test_a_whole_number_that_no_float_holds_is_impossible_and_not_missing() -> None:
    for sign in ("", "-"):
        assert reasons("wican/d/can/rx", f'{{"EngineSpeed":{sign}{"9" * 400}}}') == {Reason.IMPOSSIBLE: 1}
