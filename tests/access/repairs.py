"""What the walk of access says and finds at a car in the workshop: a photo and a finding of each order."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aftersales.repair.corrections import Fault, add_fault
from aftersales.repair.photos import Place, add_photo, photo_folder
from foundation.database import UnitOfWork
from foundation.identity import Actor

PATH = "/v1/repair-orders/{order}"
IDS = ("photo", "number")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
REPAIR_BODIES: Mapping[str, dict[str, Any]] = {
    f"PATCH {PATH}/lines/{{line}}": {"unit_net": 12_345},
    f"POST {PATH}/promise": {"ready_at": "2026-12-24T08:00:00Z"},
    f"POST {PATH}/parts-returns": {"line": "{line}", "pieces": 1},
    f"POST {PATH}/inspections": {"stage": "check_in", "point": "tyres", "light": "green"},
    f"POST {PATH}/inspections/complete": {"stage": "check_in"},
    f"POST {PATH}/clock/start": {"technician": "tech_one_0"},
    f"POST {PATH}/clock/stop": {"technician": "tech_one_0"},
    f"POST {PATH}/findings": {"condition": "12.1 V at idle"},
    f"PATCH {PATH}/findings/{{number}}": {"cause": "worn brushes"},
    f"POST {PATH}/verdicts": {"finding": "f1", "verdict": "found"},
    f"POST {PATH}/review/answer": {"words": "Thank you"},
}


def build(unit: UnitOfWork, technician: Actor, order: str, data: Path) -> dict[str, str]:
    """Photograph a car and write down what was found on it; gives the ids."""
    photo = add_photo(unit, technician, order, PNG, Place(), photo_folder(data))["id"]
    add_fault(unit, technician, order, Fault("12.1 V at idle"))
    return {"photo": photo, "number": "1"}
