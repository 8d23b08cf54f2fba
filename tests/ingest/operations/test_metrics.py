"""The figures at /metrics: what a batch adds, how processes are told apart, and that no label names anybody."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aftersales.telling.messages import count_letters
from forecourt.metrics import LABELS, HouseFigures, IngestFigures
from forecourt.metrics_files import AllFigures, FiguresFile, forget_figures
from forecourt.supervision.paths import DataPaths
from forecourt.task_queue import OPEN_CASE, depth, queue
from foundation.database import Database
from foundation.identity import add_organisation
from ingest import registry
from ingest.archive import Archive
from ingest.counting import count_due_commands, count_files
from ingest.dialects import DIALECTS
from ingest.intake import Intake
from ingest.rejected import Reason
from ingest.topics import Kind
from tests.conftest import NOON
from tests.ingest.wire import document


def _value(told: CollectorRegistry, name: str, **labels: str) -> float | None:
    return told.get_sample_value(f"forecourt_ingest_{name}", labels)


def test_a_batch_adds_what_became_of_it(database: Database, tmp_path: Path) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, add_organisation(unit, "Li"), "car-1")
        registry.add_device(unit, "car-1", "dev-1")
    intake, told = Intake(database, Archive(tmp_path), "w1"), CollectorRegistry()
    figures = IngestFigures(told)
    at = NOON.isoformat()
    good = {"boot": "b1", "seq": 1, "floor": 1, "t0": at, "age_ms": 0, "dt_ms": [0, 1000], "signals": {}}
    good["signals"] = {"engine_speed": [812.0, 1e9], "coolant_temperature": [35.0, None]}
    future = {**good, "seq": 2, "t0": "2027-11-23T04:00:00Z", "signals": {"engine_speed": [800.0, 800.0]}}
    unset = {**good, "seq": 3, "t0": "1970-01-01T00:00:00Z", "signals": {"engine_speed": [800.0, 801.0]}}
    first = document(Kind.READINGS_JSON, good, device="dev-1", at=NOON)
    batch = [first, *(document(Kind.READINGS_JSON, it, device="dev-1", at=NOON) for it in (future, unset)), first]
    figures.add(len(batch), intake.process(batch), 0.02)
    assert _value(told, "messages_total", dialect="forecourt readings/json") == 4
    assert _value(told, "readings_stored_total") == 4
    assert _value(told, "readings_rejected_total", reason="impossible") == 1
    assert _value(told, "readings_rejected_total", reason="future_time") == 2
    assert _value(told, "readings_flagged_total", quality="clock_unset") == 2
    assert _value(told, "redelivered_total") == 1
    assert _value(told, "batch_messages_sum") == 4
    assert _value(told, "commit_seconds_count") == 1
    assert {it.name for it in DIALECTS} == {
        it.labels["dialect"] for family in told.collect() for it in family.samples if it.name.endswith("messages_total")
    }
    assert all(_value(told, "readings_rejected_total", reason=it.value) is not None for it in Reason)


def test_what_waits_is_counted(database: Database) -> None:
    with database.unit() as unit:
        for _ in range(2):
            queue(unit, OPEN_CASE, finding="f", vehicle="v", organisation="o")
        assert depth(unit) == {(OPEN_CASE, "todo"): 2}
        assert (count_letters(unit), count_due_commands(unit)) == (0, 0)
        assert count_files(unit) == {"fresh": (0, 0), "compacted": (0, 0)}


def test_processes_are_told_apart_and_the_dead_are_told(tmp_path: Path) -> None:
    paths = DataPaths.prepare(tmp_path)
    for process, value in (("ingest", 1), ("ingest-1", 2)):
        one = CollectorRegistry()
        Gauge("forecourt_x", "A figure", registry=one).set(value)
        FiguresFile(paths, process, one).write()
    (paths.run / "ingest.beat").write_text(str(os.getpid()), "ascii")
    (paths.run / "ingest-1.beat").write_text("999999999", "ascii")  # fresh, and nobody's pid any more
    told = CollectorRegistry(auto_describe=False)
    told.register(AllFigures(paths.run, CollectorRegistry()))
    assert [told.get_sample_value("forecourt_x", {"process": it}) for it in ("ingest", "ingest-1")] == [1, 2]
    assert [told.get_sample_value("forecourt_process_up", {"process": it}) for it in ("ingest", "ingest-1")] == [1, 0]
    forget_figures(paths)
    assert told.get_sample_value("forecourt_x", {"process": "ingest"}) is None


def test_no_label_can_name_anybody(tmp_path: Path) -> None:
    paths, one = DataPaths.prepare(tmp_path), CollectorRegistry()
    IngestFigures(one)
    house = HouseFigures(one)
    house.waiting({("open_case", "todo"): 1}, {"mail": 1, "command": 0})
    house.backlog(dict.fromkeys(range(16), 0), None, NOON)
    house.archive({"fresh": (1, 10), "compacted": (0, 0)})
    FiguresFile(paths, "tasks", one).write()
    told = CollectorRegistry(auto_describe=False)
    told.register(AllFigures(paths.run, CollectorRegistry()))
    families = list(text_string_to_metric_families(generate_latest(told).decode()))
    assert {label for family in families for it in family.samples for label in it.labels} == LABELS
    page = (Path(__file__).parents[3] / "docs" / "ingest.md").read_text("utf-8")
    ours = [it.name for it in families if it.name.startswith("forecourt_")]
    assert [name for name in ours if f"`{name}" not in page] == []
