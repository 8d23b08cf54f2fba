"""Verdicts as labels of real trips: read from the archive, used from enough cars on, refused with a reason."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from aftersales.repair.labels import labels
from aftersales.tables import case_findings
from forecourt import verdict_training
from forecourt.commands import COMMANDS, build
from forecourt.verdict_training import Material, gather, train_with_verdicts
from foundation.refusals import Invalid
from ingest.archive import Archive
from ingest.intake import Intake
from ingest.registry import add_device
from tests.aftersales.verdicts.test_figures import again
from tests.aftersales.voices import Town
from tests.ingest.wire import columns


def drive(street: Town, intake: Intake, car: str, ago: timedelta, seq: int, **signals: list[float]) -> None:
    """Let a car's device tell of ten minutes of driving that long ago."""
    world = street.world
    rows = 600
    told = {"engine_speed": [900.0] * rows, "control_module_voltage": [12.6] * rows} | signals
    begin = world.clock.now() - ago
    outcome = intake.process(
        [columns(seq, begin, device=f"dev-{car}", boot=f"b{seq}", at=world.clock.now(), **told)]  # type: ignore[arg-type]
    )
    assert outcome.replies


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def judged(street: Town, archive: Archive, car: str, verdict: str, **signals: list[float]) -> str:
    """Let a car drive before its finding's onset, after it and after the visit, and the workshop judge it."""
    world = street.world
    vehicle = world.vehicle if car == "car-1" else world.another_car(car)
    intake = Intake(world.database, archive, "w1")
    with world.database.unit() as unit:
        add_device(unit, car, f"dev-{car}")
    for seq, days in enumerate((3.0, 1.5, 1.0), 1):  # the onset is two days before the finding
        drive(street, intake, car, timedelta(days=days), seq, **signals)
    order = again(street, vehicle, 1, verdict=verdict).order
    drive(street, intake, car, timedelta(minutes=15), 9, **signals)
    return order


def became(material: Material) -> dict[tuple[str, str], tuple[bool, str | None, int]]:
    return {(one.vehicle, one.fault): (one.present, one.refused, one.trips) for one in material.claims}


def test_a_verdict_labels_the_trips_from_onset_to_visit_and_each_that_cannot_says_why(
    street: Town, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict_training, "FEWEST_CARS", 2)
    judged(street, archive, "car-1", "found")
    other = judged(street, archive, "car-b", "not_found")
    judged(street, archive, "car-c", "found", control_module_voltage=[float("nan")] * 600)
    world = street.world
    again(street, world.another_car("car-d"), 1, verdict="found")
    gone = again(street, world.another_car("car-e"), 1, verdict="found")
    with world.database.unit() as unit:
        unit.connection.execute(delete(case_findings).where(case_findings.c.finding.like("f-car-e%")))
    material = gather(world.database, archive)
    assert became(material) == {
        ("car-1", "alternator"): (True, None, 2),
        ("car-b", "alternator"): (False, None, 2),
        ("car-c", "alternator"): (True, "not_observable", 0),
        ("car-d", "alternator"): (True, "no_history", 0),
        ("car-e", "alternator"): (True, "erased", 0),
    }
    assert gone.verdict == "found"
    assert material.table is not None
    of = material.table.severity["alternator"]
    by_car = [of[material.table.car == car] for car in np.unique(material.table.car)]
    np.testing.assert_array_equal(by_car[0], [np.nan, 1, 1, np.nan])
    np.testing.assert_array_equal(by_car[1], [np.nan, 0, 0, np.nan])
    assert np.isnan(material.table.severity["starter"]).all()
    # They thought again: it was another fault, which shows in starts alone, and these trips have none.
    finding = street.technician.get(f"repair-orders/{other}/verdicts")["items"][0]["finding"]
    said = {"finding": finding, "verdict": "other_fault", "other": "battery_12v"}
    street.technician.post(f"repair-orders/{other}/verdicts", said, 201)
    told = gather(world.database, archive)
    assert became(told)["car-b", "alternator"] == (False, None, 2)
    assert became(told)["car-b", "battery_12v"][:2] == (True, "not_observable")
    assert told.to_json()["used"] == {"alternator": {"present": 1, "absent": 1, "cars": 2, "trips": 4}}


def test_two_verdicts_that_differ_on_the_same_trips_label_none(street: Town, archive: Archive) -> None:
    order = judged(street, archive, "car-1", "found")
    with street.world.database.unit() as unit:
        [label] = labels(unit)
        row: Any = unit.connection.execute(case_findings.select()).one()
        second = {**row._mapping, "finding": "f-second", "document": row.document | {"id": "f-second"}}
        unit.connection.execute(case_findings.insert().values(**second))
    street.technician.post(f"repair-orders/{order}/verdicts", {"finding": "f-second", "verdict": "not_found"}, 201)
    assert label.begin is not None
    assert [one.refused for one in gather(street.world.database, archive).claims] == ["contradicted", "contradicted"]


def test_the_shipped_predictor_is_never_written_over_by_verdicts(tmp_path: Path) -> None:
    for more in ([], ["--out", str(tmp_path / "made"), "--table", __file__]):
        done = CliRunner().invoke(build(COMMANDS), ["train", "--verdicts", *more])
        assert isinstance(done.exception, Invalid), done.output
        assert "--out" in str(done.exception)


def test_too_few_verdicts_are_refused_before_anything_is_simulated(
    street: Town, archive: Archive, tmp_path: Path
) -> None:
    database, cache = street.world.database, tmp_path / "cache"
    for words in ("no workshop has given any", "Refused on alternator: 1, fewer than 12 cars"):
        with pytest.raises(Invalid, match=words):
            train_with_verdicts(database, archive, 1, tmp_path / "made", lambda _: None, cache)
        if words.startswith("no"):
            judged(street, archive, "car-1", "found")
    assert not cache.exists()
    assert not (tmp_path / "made").exists()
