"""Who acts: accounts, tokens, one-time links, sessions, and what a revocation ends."""

from datetime import timedelta

import pytest

from foundation.clock import FixedClock
from foundation.database import Database
from foundation.identity import (
    LINK_LIFE,
    Actor,
    Role,
    actor_of_token,
    add_account,
    add_organisation,
    end_session,
    issue_link,
    issue_token,
    open_session,
    revoke_account,
    session_of,
)
from foundation.passwords import hash_of, sign_in
from foundation.refusals import Conflict, Forbidden, NotFound, Unauthenticated

SECRET = "a long enough secret"


@pytest.fixture
def owner(database: Database) -> Actor:
    with database.unit() as unit:
        organisation = add_organisation(unit, "Family Li")
        return add_account(unit, "Li@Example.com", Role.OWNER, organisation, password_hash=hash_of(SECRET))


def test_a_token_names_its_actor_and_a_foreign_one_nobody(database: Database, owner: Actor) -> None:
    with database.unit() as unit:
        token = issue_token(unit, owner)
        assert actor_of_token(unit, token) == owner
        with pytest.raises(Unauthenticated):
            actor_of_token(unit, token + "x")


def test_a_token_ends_at_its_time(database: Database, owner: Actor, clock: FixedClock) -> None:
    with database.unit() as unit:
        token = issue_token(unit, owner, timedelta(minutes=5))
        clock.advance(timedelta(minutes=5))
        with pytest.raises(Unauthenticated):
            actor_of_token(unit, token)


def test_a_revoked_account_loses_tokens_sessions_and_its_password(database: Database, owner: Actor) -> None:
    with database.unit() as unit:
        token, session = issue_token(unit, owner), open_session(unit, issue_link(unit, owner))
        revoke_account(unit, owner.account)
        with pytest.raises(Unauthenticated):
            actor_of_token(unit, token)
        with pytest.raises(Unauthenticated):
            session_of(unit, session)
        with pytest.raises(NotFound):
            revoke_account(unit, owner.account)
    with pytest.raises(Unauthenticated):
        sign_in(database, "li@example.com", SECRET, issue_token)


def test_a_sign_in_link_works_once_and_only_for_its_time(database: Database, owner: Actor, clock: FixedClock) -> None:
    with database.unit() as unit:
        link = issue_link(unit, owner)
        session = session_of(unit, open_session(unit, link))
        assert (session.actor, len(session.csrf) > 20) == (owner, True)
        with pytest.raises(Unauthenticated):
            open_session(unit, link)
        late = issue_link(unit, owner)
        clock.advance(LINK_LIFE)
        with pytest.raises(Unauthenticated):
            open_session(unit, late)


def test_a_bearer_token_is_no_session_and_a_link_is_no_token(database: Database, owner: Actor) -> None:
    with database.unit() as unit:
        with pytest.raises(Unauthenticated):
            session_of(unit, issue_token(unit, owner))
        with pytest.raises(Unauthenticated):
            actor_of_token(unit, issue_link(unit, owner))


def test_signing_out_ends_the_session(database: Database, owner: Actor) -> None:
    with database.unit() as unit:
        session = open_session(unit, issue_link(unit, owner))
        end_session(unit, session)
        with pytest.raises(Unauthenticated):
            session_of(unit, session)


def test_a_password_signs_in_and_a_wrong_one_says_nothing(database: Database, owner: Actor) -> None:
    assert sign_in(database, " li@EXAMPLE.com", SECRET, issue_token)[0] == owner
    messages = set()
    for email, password in (("li@example.com", "wrong"), ("nobody@example.com", SECRET)):
        with pytest.raises(Unauthenticated) as refusal:
            sign_in(database, email, password, issue_token)
        messages.add(refusal.value.detail)
    assert len(messages) == 1


def test_one_address_has_one_account(database: Database, owner: Actor) -> None:
    with database.unit() as unit, pytest.raises(Conflict):
        add_account(unit, "li@example.com ", Role.ADVISOR, owner.organisation)


def test_only_the_roles_named_may_act_and_administrators_of_the_house() -> None:
    Actor("a", "o", Role.ADVISOR).must_be(Role.ADVISOR)
    Actor("a", "o", Role.ADMINISTRATOR).must_be(Role.ADVISOR)
    with pytest.raises(Forbidden):
        Actor("a", "o", Role.OWNER).must_be(Role.ADVISOR, Role.TECHNICIAN)
