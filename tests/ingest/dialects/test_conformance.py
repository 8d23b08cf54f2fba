"""What holds for every dialect that is found: its samples are read, its values can be, a resend is known again."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from ingest.arrived import Arrived
from ingest.dialects import DIALECTS, decode
from ingest.dialects.dialect import Ours
from ingest.envelope import Malformed, Message, Readings, Status
from ingest.rejected import header_of
from ingest.signals import SIGNALS
from tests.ingest.dialects.payloads import SAMPLES, Sample
from tests.ingest.wire import NOON

samples = pytest.mark.parametrize("sample", SAMPLES, ids=lambda it: f"{it.topic} {it.payload[:20]!r}")
TIMELESS = ("wican", "ovms")


def first_values(found: list[Any]) -> dict[str, float]:
    values = {}
    for one in found:
        if isinstance(one.content, Message) and isinstance(one.content.content, Readings):
            content = one.content.content
            for name, column in zip(content.signals, content.values, strict=True):
                values[name] = float(column[~np.isnan(column)][0])
    return values


def test_every_dialect_has_a_sample_and_a_name_of_its_own() -> None:
    assert {sample.dialect for sample in SAMPLES} == {dialect.name for dialect in DIALECTS}
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS) == 10


@samples
def test_a_sample_says_what_it_must(sample: Sample) -> None:
    found = decode([sample.arrived()])
    assert all(one.device == "d" and not isinstance(one.content, Malformed) for one in found)
    values = first_values(found)
    assert {name: values[name] for name in sample.values} == pytest.approx(sample.values)
    known = {name: value for name, value in values.items() if name in SIGNALS}
    assert all(SIGNALS[name].low <= value <= SIGNALS[name].high for name, value in known.items())
    assert sum(one.content.ignored for one in found if isinstance(one.content, Message)) == sample.ignored


@samples
def test_one_dialect_alone_claims_a_topic(sample: Sample) -> None:
    assert [it.name for it in DIALECTS if it.device_of(sample.topic)] == [sample.dialect]


@samples
def test_a_resend_has_the_same_identity_and_another_message_another(sample: Sample) -> None:
    first = decode([sample.arrived()])
    headers = [header_of(one) for one in first]
    if isinstance(first[0].content, Status):
        assert headers == [None]
        return
    later = replace(sample.arrived(), at=NOON + timedelta(seconds=1))
    again = [header_of(one) for one in decode([later])]
    is_record = "/notify/" in sample.topic
    assert (again == headers) is (is_record or sample.dialect not in TIMELESS)
    ours = sample.dialect.startswith("forecourt")
    assert all(it is not None and it.counted is ours and it.seq < 2**53 for it in headers)
    assert len({(it.boot, it.seq) for it in headers if it}) == len(headers)
    if not ours:
        other = sample.payload.translate(bytes.maketrans(b"1256", b"3447"))
        changed = [header_of(one) for one in decode([sample.arrived(other)])]
        assert not {it.seq for it in headers if it} & {it.seq for it in changed if it}


def test_the_makers_samples_are_read_as_they_are(shared: Path) -> None:
    rejected = []
    for name, make in (("wican", _mqtt), ("ovms_v3", _mqtt), ("autopi", _autopi), ("torque", _torque)):
        for sample in json.loads((shared / "samples" / f"{name}.json").read_text())["samples"]:
            found = decode([make(sample)])
            assert found
            rejected += [one.content.reason for one in found if isinstance(one.content, Malformed)]
    (forwarded,) = json.loads((shared / "samples" / "traccar_forward.json").read_text())["samples"]
    found = decode([Arrived("fc/v1/d/http/traccar", forwarded["payload"].encode(), NOON)])
    assert [type(one.content) for one in found] == [Message, Message]
    assert first_values(found)["vehicle_speed"] == 50
    # Raw frames that are no replies, and the device's own complaint.
    assert sorted(reason.partition(":")[0] for reason in rejected) == ["raw CAN frames", "the device tells of an error"]


def _mqtt(sample: dict[str, Any]) -> Arrived:
    topic = sample["topic"].rpartition(" or ")[2].replace("any", "wican/d/can/rx")
    topic = topic.replace("<destination>", "wican/d/soc").replace("<device_id>", "d").replace("<user>", "d")
    topic = topic.replace("<age_seconds>", "61").replace("<", "").replace(">", "")
    return Arrived(topic, sample["payload"].encode(), NOON, sample.get("retain", False))


def _autopi(sample: dict[str, Any]) -> Arrived:
    return Arrived("autopi/d/obd", sample["payload"].encode(), NOON)


def _torque(sample: dict[str, Any]) -> Arrived:
    return Arrived("fc/v1/d/http/torque", sample["query"].encode(), NOON)


def test_ours_come_first_for_they_are_nearly_all() -> None:
    assert [isinstance(dialect, Ours) for dialect in DIALECTS] == [True] * 5 + [False] * 5
