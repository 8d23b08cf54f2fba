"""The neighbour written with pandas: for every message a frame, a gate, a window, statistics and a prediction.

It renders the service that ours does, as somebody would write it who takes messages one by one and knows pandas:
statistics by columns, one thread for the predictor, no row ever looked at alone. What need not be done per message is
not: identities, one Parquet file with fsync, the transaction and the acknowledgements are a batch's, as with us.
It is started with the broker's URL, the database's URL, a folder and the topic filter.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lightgbm
import msgpack
import numpy as np
import pandas as pd
import psycopg
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from ingest.signals import SIGNALS

CLIENT_ID = "bench-pandas"
TABLE = "pandas_keys"
MAKE_TABLE = f"CREATE TABLE {TABLE} (device text, boot text, seq bigint, PRIMARY KEY (device, boot, seq))"
WINDOW_S, STATISTICS, TICK_S = 180, 7, 0.25
MOST = 250  # messages of a batch: answered well before the broker sends again what it got no answer to, after 10 s


def frame_of(topic: str, payload: bytes) -> tuple[dict[str, Any], pd.DataFrame]:
    """Give the document and its readings, indexed by event time."""
    if topic.endswith("bin"):
        document = msgpack.unpackb(payload)
        values = np.frombuffer(document["values"], "<f4").reshape(len(document["signals"]), -1).T
        time_of = pd.to_datetime(document["t0"] + np.frombuffer(document["dt"], "<u4").astype("int64"), unit="ms")
        return document, pd.DataFrame(values, index=time_of, columns=document["signals"])
    document = json.loads(payload)
    time_of = pd.to_datetime(document["t0"]) + pd.to_timedelta(document["dt_ms"], unit="ms")
    return document, pd.DataFrame(document["signals"], index=time_of, dtype="float32")


def predictor(width: int) -> lightgbm.Booster:
    rng = np.random.default_rng(1)
    data = lightgbm.Dataset(rng.normal(size=(2000, width)), rng.integers(0, 2, 2000))
    return lightgbm.train({"objective": "binary", "num_threads": 1, "verbosity": -1}, data, 100)


class Program:
    def __init__(self, database: str, folder: Path, signals: list[str]) -> None:
        self._connection = psycopg.connect(database)
        self._folder = folder
        self._booster = predictor(STATISTICS * len(signals))
        self._low = pd.Series({name: SIGNALS[name].minimum for name in signals}, dtype="float32")
        self._high = pd.Series({name: SIGNALS[name].maximum for name in signals}, dtype="float32")
        self._windows: dict[str, pd.DataFrame] = {}
        self._files = 0

    def take(self, messages: list[MQTTMessage]) -> None:
        keys, frames = [], []
        for message in messages:
            device = message.topic.split("/")[-3]
            document, frame = frame_of(message.topic, message.payload)
            frame = frame.where((frame >= self._low) & (frame <= self._high))
            self.score(device, frame)
            keys.append((device, document["boot"], document["seq"]))
            frames.append(frame.assign(device=device, boot=document["boot"], seq=document["seq"]))
        self.commit(keys, frames)

    def score(self, device: str, frame: pd.DataFrame) -> float:
        before = self._windows.get(device)
        window = frame if before is None else pd.concat([before, frame]).iloc[-WINDOW_S:]
        self._windows[device] = window
        found = [window.mean(), window.std(), window.min(), window.max(), window.median(), window.count(),
                 window.iloc[-1] - window.iloc[0]]  # fmt: skip
        features = np.concatenate([it.to_numpy(dtype="float64") for it in found])
        return float(self._booster.predict(features.reshape(1, -1), num_threads=1)[0])

    def commit(self, keys: list[tuple[str, str, int]], frames: list[pd.DataFrame]) -> None:
        devices, boots, seqs = map(list, zip(*keys, strict=True))
        with self._connection.transaction():
            rows = self._connection.execute(
                f"INSERT INTO {TABLE} SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])"  # noqa: S608
                " ON CONFLICT DO NOTHING RETURNING device, boot, seq", (devices, boots, seqs),
            )  # fmt: skip
            new = set(rows.fetchall())
            fresh = [frame for key, frame in zip(keys, frames, strict=True) if key in new]
            if fresh:
                self._files += 1
                path = self._folder / f"{self._files}.parquet"
                with path.open("wb") as file:
                    pd.concat(fresh).to_parquet(file, compression=None)
                    file.flush()
                    os.fsync(file.fileno())


def main(broker: str, database: str, folder: str, topics: str, signals: str) -> None:
    program = Program(database, Path(folder), signals.split(","))
    waiting: list[MQTTMessage] = []
    address = urlsplit(broker)
    client = Client(CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, clean_session=False, manual_ack=True)
    client.username_pw_set(str(address.username), address.password)
    client.on_message = lambda _client, _data, message: waiting.append(message)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect(str(address.hostname), int(address.port or 1883))
    client.subscribe(topics, 1)
    client.loop_start()
    while True:
        time.sleep(TICK_S if len(waiting) < MOST else 0)
        batch = waiting[:MOST]
        del waiting[: len(batch)]
        if batch:
            program.take(batch)
            for message in batch:
                client.ack(message.mid, message.qos)


if __name__ == "__main__":
    main(*sys.argv[1:])
