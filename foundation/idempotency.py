"""Idempotency keys: the same key with the same body replays the first answer, in the effect's own transaction."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert

from foundation.database import UnitOfWork
from foundation.identity import Actor
from foundation.refusals import KeyReused
from foundation.tables import idempotency_keys as keys


def once(
    unit: UnitOfWork, actor: Actor, route: str, key: str | None, body: Any, act: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Run `act` once per (account, route, key) and give its JSON answer; a repeat gives the stored answer.

    Concurrent repeats wait for the first one to commit. Another body under the same key raises `KeyReused`. An act
    that is refused rolls the key back with it, so the caller may try the same key again. Without a key it just acts.
    """
    if key is None:
        return act()
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    mine = unit.connection.execute(
        insert(keys)
        .values(account=actor.account, route=route, key=key, body_digest=digest, created_at=unit.now())
        .on_conflict_do_nothing()
        .returning(keys.c.key)
    ).scalar_one_or_none()
    here = and_(keys.c.account == actor.account, keys.c.route == route, keys.c.key == key)
    if mine is None:
        first = unit.connection.execute(select(keys.c.body_digest, keys.c.answer).where(here)).one()
        if first.body_digest != digest:
            raise KeyReused("this Idempotency-Key was used with another request body")
        answer: dict[str, Any] = first.answer
        return answer
    answer = act()
    unit.connection.execute(update(keys).where(here).values(answer=answer))
    return answer
