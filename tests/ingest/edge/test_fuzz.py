"""Mutated reply lines: nothing crashes, nothing hangs, and every value's bytes can be shown in the lines."""

import random
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.edge import decoding, freeze_frame, identification, monitor_results, readiness, trouble_codes
from ingest.edge.replies import Replies, read_replies
from tests.ingest.edge.mutations import EXCHANGES, codes_shown, formula, mutate, shown, text_shown

READERS = (
    decoding.supported_pids,
    freeze_frame.supported_pids,
    freeze_frame.trigger_codes,
    identification.calibration_ids,
    identification.calibration_numbers,
    identification.supported_types,
    identification.vin,
    monitor_results.monitor_results,
    monitor_results.supported_monitors,
    readiness.readiness,
    trouble_codes.cleared,
)


def check(request: bytes, lines: list[str]) -> tuple[Replies, int, int]:
    """Read with every reader, and show each value's and each code's bytes; gives the numbers of both."""
    replies = read_replies(request, lines)
    for reader in READERS:
        reader(replies)
    freeze_frame.freeze_frames([replies])
    found = (*decoding.values(replies), *freeze_frame.values(replies))
    for value in found:
        assert value.value == formula(value), (request, lines, value)
        assert value.pid in request[1:], (request, lines, value)
        assert shown(value, request, lines), (request, lines, value)
    codes = {ecu: told for ecu, told in trouble_codes.codes(replies).items() if told}
    for ecu, told in codes.items():
        assert codes_shown(told, ecu, lines), (request, lines, codes)
    for ecu, text in identification.vins(replies).items():
        assert text is None or text_shown(text, ecu, lines), (request, lines, text)
    return replies, len(found), len(codes)


def run(lines_wanted: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest = 0.0
    while counts["lines"] < lines_wanted:
        request, lines = mutate(rng)
        began = time.perf_counter()
        read = read_replies(bytes.fromhex(request), lines)
        slowest = max(slowest, time.perf_counter() - began)
        replies, values, codes = check(bytes.fromhex(request), lines)
        assert replies == read
        counts.update(lines=len(lines), replies=1, values=values, ecus_with_codes=codes)
        counts.update(warnings=len(replies.warnings), negatives=len(replies.negatives), payloads=len(replies.payloads))
        counts.update(without_a_payload=not replies.payloads)
    assert slowest < 1.0, seed
    print(f"\nseed {seed}: {dict(counts)}, slowest reply {slowest * 1e3:.1f} ms")
    return counts


@pytest.mark.parametrize(("request_", "lines"), EXCHANGES)
def test_the_looking_glass_shows_what_is_there(request_, lines) -> None:
    request = bytes.fromhex(request_)
    replies, _, _ = check(request, lines)
    assert replies.payloads or replies.negatives
    assert replies.warnings == ()
    strange = [line.translate(str.maketrans("0123456789ABCDEF", "123456789ABCDEF0")) for line in lines]
    for value in decoding.values(replies):
        assert not shown(value, request, strange)


def test_twenty_thousand_mutated_lines() -> None:
    counts = run(20_000, seed=20_261_123)
    assert counts["values"] > 1000
    assert counts["warnings"] > 5000
    assert counts["without_a_payload"] > 1000


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_million_mutated_lines() -> None:
    counts = run(1_000_000, seed=time.time_ns())
    assert counts["lines"] >= 1_000_000


HEX = st.text("0123456789ABCDEF :", max_size=40)
CAN = st.tuples(st.sampled_from(("7E8 ", "7E9", "18DAF110", "48 6B 10 ", "")), st.binary(max_size=9)).map(
    lambda it: it[0] + it[1].hex(" ").upper()
)
REAL = st.sampled_from([line for _, lines in EXCHANGES for line in lines])
REQUESTS = st.one_of(st.sampled_from([bytes.fromhex(it) for it, _ in EXCHANGES]), st.binary(max_size=5))


@given(REQUESTS, st.lists(st.one_of(REAL, CAN, HEX, st.text(max_size=30)), max_size=8))
def test_every_value_is_what_the_table_says_of_bytes_that_were_printed(request, lines) -> None:
    check(request, lines)


@given(st.sampled_from(EXCHANGES), st.randoms(use_true_random=False))
def test_the_lines_of_one_unit_are_read_alike_in_any_spacing(exchange, rng) -> None:
    request, lines = exchange
    spaced = [line.replace(" ", "") if rng.random() < 0.5 and ":" not in line else f" {line} " for line in lines]
    before, after = (read_replies(bytes.fromhex(request), it) for it in (lines, spaced))
    assert (after.payloads, after.negatives, after.pending) == (before.payloads, before.negatives, before.pending)
