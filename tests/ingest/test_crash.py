"""An ingest process killed at any moment loses nothing and doubles nothing."""

import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import text

from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.arrived import Arrived
from ingest.counting import count_readings
from ingest.intake import Intake
from ingest.trip_log import TripSpan
from tests.ingest.wire import NOON, columns

CHILD = """
import sys
from datetime import timedelta
from foundation.clock import FixedClock
from foundation.database import Database
from ingest.archive import Archive
from ingest.intake import Intake
from pathlib import Path
from tests.ingest.test_crash import MESSAGES, message
from tests.ingest.wire import NOON

intake = Intake(Database(sys.argv[1], FixedClock(NOON)), Archive(Path(sys.argv[2])), "w1")
intake.start()
for seq in range(int(sys.argv[3]), MESSAGES + 1, 2):
    intake.process([message(seq), message(seq + 1)])
    print(seq + 1, flush=True)
"""
MESSAGES = 200
ROOT = Path(__file__).resolve().parents[2]


def message(seq: int) -> Arrived:

    return columns(seq, NOON - timedelta(minutes=30) + timedelta(seconds=2 * seq), engine_speed=[seq, seq + 0.5])


def test_kills_lose_nothing_and_double_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    where, seed = tmp_path / "archive", random.randrange(10**6)
    chance = random.Random(seed)
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    acknowledged, kills = 0, 0
    while acknowledged < MESSAGES and kills < 40:
        # The broker delivers again what was not acknowledged, and a little of what was.
        arguments = [database_url, str(where), str(max(acknowledged - 3, 1))]
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as child:
            assert child.stdout is not None
            wanted = chance.randint(5, 30)  # of a hundred: it is killed three times at least
            for line in child.stdout:
                acknowledged, wanted = max(acknowledged, int(line)), wanted - 1
                if wanted == 0 and acknowledged < MESSAGES:
                    child.send_signal(signal.SIGKILL)
                    kills += 1
                    break
    assert kills >= 3, f"seed {seed}"
    Intake(database, Archive(where), "w1").start()
    with database.unit() as unit:
        (span,) = unit.connection.execute(text("SELECT * FROM trip_spans")).all()
        trip = Archive(where).read_span(unit, TripSpan("car-1", "org", "b1", span.start_at, span.end_at, 1, "dev-1"))
        stored = count_readings(unit, "org").stored
        listed = set(unit.connection.execute(text("SELECT name FROM segments")).scalars())
    sent = np.arange(2, stored + 2) / 2
    np.testing.assert_array_equal(trip.signals["engine_speed"], sent.astype(np.float32))
    assert stored >= 2 * MESSAGES
    on_disk = {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}
    assert on_disk == listed, f"seed {seed}"
