"""What a car end says beside its readings: trouble codes with all that goes with them, results, statuses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.dialects import forecourt_dtcs, forecourt_result, forecourt_status
from ingest.envelope import CommandResult, DtcReport, Header, Malformed, Outcome, Status, encode
from ingest.topics import Kind

DTCS: dict[str, Any] = {
    "boot": "b7",
    "seq": 3,
    "t": "2026-11-22T10:00:00Z",
    "mil": True,
    "ecus": {"7E8": {"stored": ["P0562"], "pending": [], "permanent": None}, "18DAF110": {}},
    "freeze": {"7E8": {"frame": 0, "dtc": "P0562", "signals": {"engine_speed": 1726.0, "oxygen": None}}},
    "readiness": {
        "7E8": {
            "mil": True,
            "dtc_count": 1,
            "ignition": "spark",
            "monitors": {"misfire": {"supported": True, "complete": None}},
        }
    },
    "monitors": {
        "7E8": [
            {"mid": "21", "tid": "80", "uas": "0A", "value": 0.4, "minimum": None, "maximum": 0.5, "unit": "V"},
        ]
    },
    "vin": "1C4RJFBG8FC123456",
}
RESULT: dict[str, Any] = {
    "boot": "b7",
    "seq": 4,
    "t": None,
    "id": "cmd_1",
    "kind": "clear_dtcs",
    "outcome": "done",
    "detail": "The car answered 44.",
    "ecus": {"7E8": "cleared", "7E9": "refused 22"},
    "replies": ["7E8 01 44", "7E9 03 7F 04 22"],
}


def test_trouble_codes_tell_no_answer_from_answered_none_and_carry_all_the_rest() -> None:
    message = forecourt_dtcs.decode(json.dumps(DTCS).encode())
    assert isinstance(message.content, DtcReport)
    told = message.content
    assert told.ecus["7E8"] == {"stored": ("P0562",), "pending": (), "permanent": None}
    assert told.ecus["18DAF110"] == {"stored": None, "pending": None, "permanent": None}
    assert (told.t, told.mil, told.vin) == (datetime(2026, 11, 22, 10, tzinfo=UTC), True, "1C4RJFBG8FC123456")
    for name in ("freeze", "readiness", "monitors"):
        assert getattr(told, name) == DTCS[name]
    assert forecourt_dtcs.decode(encode(Kind.DTCS, message)) == message


def test_what_was_not_asked_is_not_told() -> None:
    message = forecourt_dtcs.decode(b'{"boot":"b7","seq":3,"ecus":{}}')
    assert message.content == DtcReport(None, {})


FRAME = {"frame": 0, "dtc": None, "signals": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"mil": 1},
        {"ecus": None},
        {"ecus": {"7E8": None}},
        {"ecus": {"7 E8": {}}},
        {"ecus": {f"e{number}": {} for number in range(65)}},
        {"ecus": {"7E8": {"stored": ["X0562"]}}},
        {"ecus": {"7E8": {"stored": "P0562"}}},
        {"ecus": {"7E8": {"stored": ["P0562"] * 257}}},
        {"freeze": []},
        {"freeze": {"a": "\u0000"}},
        {"freeze": {"7E8": FRAME | {"frame": -1}}},
        {"freeze": {"7E8": FRAME | {"dtc": "0301"}}},
        {"freeze": {"7E8": FRAME | {"signals": {"engine_speed": 2**53}}}},
        {"freeze": {"7E8": FRAME | {"signals": {"engine_speed": "fast"}}}},
        {"freeze": {"7E8": FRAME | {"signals": {"Engine": 1}}}},
        {"freeze": {"7E8": FRAME | {"signals": {f"s{number}": 1 for number in range(129)}}}},
        {"readiness": {"7E8": {"ignition": "steam", "monitors": {}}}},
        {"readiness": {"7E8": {"dtc_count": 256, "monitors": {}}}},
        {"readiness": {"7E8": {"monitors": {"misfire": True}}}},
        {"readiness": {"7E8": {"monitors": {"misfire": {"supported": 1}}}}},
        {"monitors": {"7E8": {}}},
        {"monitors": {"7E8": [{"mid": "xx"}]}},
        {"monitors": {"7E8": [{"mid": "21", "value": 10**30}]}},
        {"monitors": {"7E8": [{"mid": "21", "unit": "V" * 17}]}},
        {"vin": "SHORT"},
        {"vin": "1C4RJFBG8FC12345\n"},
        {"t": "yesterday"},
    ],
)
def test_trouble_codes_that_break_the_format_are_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        forecourt_dtcs.decode(json.dumps(DTCS | change).encode())
    assert caught.value.header == Header("b7", 3)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e999"])
def test_a_frozen_value_is_a_finite_number(literal: str) -> None:
    with pytest.raises(Malformed):
        forecourt_dtcs.decode(json.dumps(DTCS).replace("1726.0", literal).encode())


def test_a_result_reads_as_it_was_written() -> None:
    message = forecourt_result.decode(json.dumps(RESULT).encode())
    assert message.content == CommandResult(
        None, "cmd_1", "clear_dtcs", Outcome.DONE, RESULT["detail"], RESULT["ecus"], tuple(RESULT["replies"])
    )
    assert forecourt_result.decode(encode(Kind.RESULT, message)) == message
    short = {name: RESULT[name] for name in ("boot", "seq", "id", "kind", "outcome")}
    content = forecourt_result.decode(json.dumps(short).encode()).content
    assert isinstance(content, CommandResult)
    assert (content.detail, content.ecus, content.replies) == ("", {}, ())


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "a b"},
        {"kind": 4},
        {"kind": "clear dtcs"},
        {"outcome": "cleared"},
        {"outcome": ["done"]},
        {"detail": "x" * 501},
        {"detail": "\u0000"},
        {"ecus": []},
        {"ecus": {"7E8": 1}},
        {"ecus": {"\ud800": "cleared"}},
        {"replies": "44"},
        {"replies": [44]},
        {"replies": ["x" * 401]},
        {"replies": ["44"] * 1001},
    ],
)
def test_a_result_that_breaks_the_format_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        forecourt_result.decode(json.dumps(RESULT | change).encode())
    assert caught.value.header == Header("b7", 4)


def test_a_status_tells_what_its_spool_let_go() -> None:
    told = forecourt_status.decode(b'{"online": true, "dropped": 7, "disk": "low", "dead": 1}')
    assert told == Status(online=True, dead=1, dropped=7, disk="low")
    assert forecourt_status.decode(encode(Kind.STATUS, told)) == told
    for bad in (b'{"online": true, "disk": "full"}', b'{"online": true, "dropped": -1}'):
        with pytest.raises(Malformed):
            forecourt_status.decode(bad)


def test_status_of_a_last_will_is_short() -> None:
    assert forecourt_status.decode(b'{"online": false}') == Status(online=False)
    with pytest.raises(Malformed):
        forecourt_status.decode(b'{"online": "yes"}')
