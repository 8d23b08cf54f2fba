"""What may be kept for a time only."""

from datetime import timedelta

from sqlalchemy import select

from foundation import privacy
from foundation.clock import FixedClock
from foundation.database import Database
from foundation.idempotency import once
from foundation.identity import Role, add_account, add_organisation, end_session, issue_link, issue_token, open_session
from foundation.tables import credentials, idempotency_keys


def test_what_has_served_its_time_is_swept_and_what_is_in_use_is_kept(database: Database, clock: FixedClock) -> None:
    def kept() -> list[str]:
        with database.unit() as unit:
            privacy.sweep(unit)
            kinds = list(unit.connection.execute(select(credentials.c.kind).order_by("kind")).scalars())
            return kinds + list(unit.connection.execute(select(idempotency_keys.c.key)).scalars())

    with database.unit() as unit:
        owner = add_account(unit, "li@example.com", Role.OWNER, add_organisation(unit, "Li"))
        issue_token(unit, owner)
        end_session(unit, open_session(unit, issue_link(unit, owner)))
        once(unit, owner, "/v1/x", "a key", {}, dict)
    clock.advance(privacy.KEYS_KEPT)
    assert kept() == ["bearer", "session", "sign_in_link", "a key"]
    clock.advance(timedelta(seconds=1))
    assert kept() == ["bearer", "session", "sign_in_link"]
    clock.advance(privacy.CREDENTIALS_KEPT)
    assert kept() == ["bearer"]
