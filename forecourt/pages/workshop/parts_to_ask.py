"""What a technician asks the owner for with a tap: operations of the table, and parts that fit the car before him."""

from typing import Any

from aftersales.operations import OPERATIONS
from aftersales.repair.order_lines import ACCEPTED
from diagnostics.faults import FAULTS
from foundation.database import UnitOfWork
from ingest.vehicles import Vehicle
from parts_catalog.search import Filters, PartHit, find

OFFERED = 3  # of each type of part
SHOWN = 12  # parts at once
MOST_ASKED = 200  # characters of a search


def lines_to_ask(unit: UnitOfWork, case: dict[str, Any], vehicle: Vehicle | None, said: str) -> dict[str, Any]:
    """Give what the form offers: by itself the parts that the case's faults often need, else those that are meant."""
    said = said.strip()[:MOST_ASKED].replace("\x00", "")
    hits = _hits(unit, case, vehicle, said) if vehicle else []
    return {"q": said, "parts": hits[:SHOWN], "operations": OPERATIONS.values()}


def _hits(unit: UnitOfWork, case: dict[str, Any], vehicle: Vehicle, said: str) -> list[PartHit]:
    if said:
        found = find(unit, said, vehicle.config, limit=50).items
    else:
        kinds = {kind: None for finding in case["findings"] for kind in FAULTS[finding["fault"]].part_types}
        chosen = [Filters(part_type=kind, in_stock=True) for kind in kinds]
        found = [hit for one in chosen for hit in find(unit, "", vehicle.config, limit=OFFERED, filters=one).items]
    return [hit for hit in found if hit.fit is not None and hit.fit.verdict in ACCEPTED and hit.price and hit.available]
