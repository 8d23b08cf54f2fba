"""Help on the road that owners of stopped cars asked for; `stopped_cars.py` asks."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from aftersales.tables import assistances
from aftersales.telling.notices import Words
from foundation.database import UnitOfWork


class Assistance(StrEnum):
    TOWING = "towing"
    MOBILE_SERVICE = "mobile_service"


WORDS: Mapping[Assistance, Words] = {
    Assistance.TOWING: Words("towing", "拖车"),
    Assistance.MOBILE_SERVICE: Words("mobile service", "上门救援"),
}


def assistance_of(unit: UnitOfWork, wanted: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Give by case what help was asked for, the oldest first."""
    found: dict[str, list[dict[str, Any]]] = {case: [] for case in wanted}
    chosen = select(assistances).where(assistances.c.case.in_(wanted))
    for row in unit.connection.execute(chosen.order_by(assistances.c.asked_at, assistances.c.id)):
        found[row.case].append(
            {
                "id": row.id,
                "case": row.case,
                "kind": row.kind,
                "workshop": row.workshop,
                "words": row.words,
                "place": None if row.latitude is None else [row.latitude, row.longitude],
                "asked_at": row.asked_at.isoformat(),
            }
        )
    return found
