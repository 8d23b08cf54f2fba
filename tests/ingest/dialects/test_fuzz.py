"""Whatever the bytes: no crash, no payload that takes long, memory flat, and every one of them counted."""

import gc
import json
import random
import time

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.arrived import Arrived
from ingest.dialects import DIALECTS, decode, forecourt_json
from ingest.dialects.strict import load_json
from ingest.envelope import Malformed, Message, Readings, Status
from ingest.gate import Known, judge
from ingest.registry import Owner
from ingest.rejected import Reason
from tests.ingest.dialects.mutations import mutated
from tests.ingest.dialects.payloads import SAMPLES
from tests.ingest.wire import NOON

AT_ONCE = 500
KNOWN = Known({"d": Owner("d", "car-1", "org", 3)})
COLUMNS = SAMPLES[0].payload


def fuzz(count: int, seed: int) -> dict[str, int]:
    """Read and judge so many mutated payloads; gives how many messages of each kind came of them.

    Seconds are those of the processor: what else the machine does is not the payload's doing.
    """
    random_ = random.Random(seed)
    kinds = {"message": 0, "malformed": 0, "status": 0, "slowest_ms": 0, "growth_mb": 0, "deliveries": 0}
    process, at_rest = psutil.Process(), 0
    for begin in range(0, count, AT_ONCE):
        found = []
        for _ in range(min(AT_ONCE, count - begin)):
            sample, payload = mutated(random_)
            topic = sample.topic
            if random_.random() < 0.05:
                topic += random_.choice(("", "/x", "/-1", "x", "/" + "9" * 40))
            arrived = replace(sample.arrived(payload), topic=topic, retained=random_.random() < 0.1)
            started = time.thread_time()
            told = decode([arrived])
            kinds["slowest_ms"] = max(kinds["slowest_ms"], int(1000 * (time.thread_time() - started)))
            assert told
            kinds["deliveries"] += 1
            found += told
        _check(found, kinds)
        if begin == count // 10 // AT_ONCE * AT_ONCE:
            gc.collect()
            at_rest = process.memory_info().rss
    gc.collect()
    kinds["growth_mb"] = (process.memory_info().rss - at_rest) // 1_000_000
    return kinds


def _check(found: list[object], kinds: dict[str, int]) -> None:
    """Judge a batch as the intake does: every reading is stored or in one rejection, and so is every payload."""
    judged = judge([one for one in found if not isinstance(one.content, Status)], KNOWN)
    told = [one.content for one in found]
    readings = sum(it.content.count for it in told if isinstance(it, Message) and isinstance(it.content, Readings))
    malformed = sum(isinstance(it, Malformed) for it in told)
    late = sum(one.reason is Reason.FUTURE_TIME and one.signal is None for one in judged.rejections)
    refused = sum(one.readings for one in judged.rejections)
    stored = int(judged.batch.readings_per_origin().sum())
    whole = sum(not isinstance(it.content, Readings) for it in told if isinstance(it, Message))
    assert stored + refused == readings
    assert sum(one.reason is Reason.MALFORMED for one in judged.rejections) == malformed
    assert len(judged.reports) + len(judged.results) + late == whole
    kinds["malformed"] += malformed
    kinds["message"] += sum(isinstance(it, Message) for it in told)
    kinds["status"] += sum(isinstance(it, Status) for it in told)


def test_mutated_payloads_are_read_quickly_and_counted() -> None:
    kinds = fuzz(10_000, seed=6)
    assert kinds["message"] > 1000
    assert kinds["malformed"] > 1000
    assert kinds["slowest_ms"] < 1000


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_million_mutated_payloads() -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    kinds = fuzz(1_000_000, seed)
    print(json.dumps(kinds))
    assert kinds["deliveries"] == 1_000_000
    assert kinds["slowest_ms"] < 1000
    assert kinds["growth_mb"] < 20


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda it: it.name)
@pytest.mark.parametrize(
    "payload",
    [b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b'{"position":' + b'{"a":' * 900 + b"1" + b"}" * 901],
    ids=["lists", "objects", "position"],
)
def test_deep_nesting_does_no_harm(dialect: object, payload: bytes) -> None:
    for sample in SAMPLES:
        if sample.dialect == dialect.name:
            assert decode([sample.arrived(payload)])


WORDS = ("wican", "ovms", "autopi", "d", "fc", "v1", "http", "metric", "notify", "data", "+", "#", "-1", "a")


@given(topic=st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map("/".join))
def test_whatever_the_topic_it_is_read_or_refused(topic: str) -> None:
    assert decode([Arrived(topic, b"1", NOON)])


def test_the_quick_reader_of_columns_agrees_with_the_strict_one() -> None:
    random_ = random.Random(7)
    agreed = 0
    for _ in range(40_000):
        sample, payload = mutated(random_)
        if sample.payload[:1] != b"{":
            continue
        quick = forecourt_json._quick(payload)
        if quick is not None:
            strict = load_json(payload, constant=np.inf)
            assert quick == strict
            assert repr(quick) == repr(strict)
            agreed += 1
    assert agreed > 500
