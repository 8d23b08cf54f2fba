"""Messages without a sequence: a resend is a redelivery, and nobody counts gaps or answers."""

from pathlib import Path

from sqlalchemy import text

from foundation.database import Database
from ingest import registry
from ingest.archive import Archive
from ingest.intake import Intake
from tests.ingest.dialects.payloads import SAMPLES


def test_makers_messages_are_stored_once_and_have_no_boots(database: Database, tmp_path: Path) -> None:
    with database.unit() as unit:
        registry.add_vehicle(unit, "org", "car-1")
        registry.add_device(unit, "car-1", "d")
    intake = Intake(database, Archive(tmp_path / "archive"), "w1")
    batch = [it.arrived() for it in SAMPLES if not it.dialect.startswith("forecourt")]
    first, again = intake.process(batch), intake.process(batch)
    assert (first.redelivered, first.stored, first.ignored) == (0, 15, sum(it.ignored for it in SAMPLES))
    assert first.replies == []
    assert (again.stored, again.rejected, again.ignored) == (0, {}, 0)
    with database.unit() as unit:
        assert unit.connection.execute(text("SELECT count(*) FROM boots")).scalar_one() == 0
        keys = unit.connection.execute(text("SELECT count(*) FROM message_keys")).scalar_one()
    assert again.redelivered == keys
