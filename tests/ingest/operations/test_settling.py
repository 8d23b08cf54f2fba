"""Trips that have ended are judged beside live deliveries, and never instead of them."""

import time

import pytest

from forecourt.processes import ingest


@pytest.mark.parametrize("waits", [False, True])
def test_while_deliveries_wait_the_trips_that_ended_get_a_share_of_the_time(waits: bool) -> None:
    due, asked = 100, []

    def judge(most: int) -> int:
        nonlocal due
        asked.append(most)
        time.sleep(0.02)
        done = min(most, due)
        due -= done
        return done

    ingest.settle(judge, lambda: waits, lambda: None)
    if waits:
        assert set(asked) == {1}
        assert 0 < 100 - due <= 1 + ingest.SETTLE_SHARE_S / 0.02
    else:
        assert due == 0


def test_deliveries_that_come_meanwhile_wait_for_one_turn_at_most() -> None:
    turns: list[int] = []

    def judge(most: int) -> int:
        turns.append(most)
        time.sleep(ingest.SETTLE_SHARE_S)
        return most

    ingest.settle(judge, lambda: len(turns) > 0, lambda: None)
    assert len(turns) == 1
