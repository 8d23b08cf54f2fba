"""Decoding a minute of readings: our two envelopes against one JSON object per reading read by the standard library."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from ingest.dialects import forecourt_binary, forecourt_json
from ingest.envelope import Header, Message, Readings, encode
from ingest.signals import SIGNALS
from ingest.topics import Kind

ROWS, COLUMNS, ROUNDS = 60, 20, 7


def best(act: Callable[[], object], times: int) -> float:
    """Give the best seconds per call of several rounds: the machine's noise only ever adds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            act()
        rounds.append((time.perf_counter() - began) / times)
    return min(rounds)


def plain(payload: bytes) -> list[tuple[str, str, float]]:
    return [(row["time"], row["signal"], float(row["value"])) for row in json.loads(payload)]


def main() -> None:
    rng = np.random.default_rng(1)
    names = tuple(sorted(SIGNALS)[:COLUMNS])
    values = rng.uniform(0, 1, (COLUMNS, ROWS)).round(2).astype(np.float32)
    start = datetime(2026, 11, 22, tzinfo=UTC)
    message = Message(Header("b", 1, 1, 0), Readings(start, np.arange(ROWS, dtype=np.int64) * 1000, names, values))
    rows = [
        {"time": start.isoformat(), "signal": name, "value": float(value)}
        for name, column in zip(names, values, strict=True)
        for value in column
    ]
    binary, columns = encode(Kind.READINGS_BINARY, message), encode(Kind.READINGS_JSON, message)
    each = json.dumps(rows).encode()
    slow = best(lambda: plain(each), 20)
    seconds = {
        "binary envelope": best(lambda: forecourt_binary.decode(binary), 200),
        "JSON columns": best(lambda: forecourt_json.decode(columns), 50),
    }
    against = "json.loads of one object per reading"
    results = [
        {"name": f"decoding, {name}", "value": slow / took, "unit": "x", "against": against, "wanted": ">= 1"}
        for name, took in seconds.items()
    ]
    print(json.dumps(results))


if __name__ == "__main__":
    main()
