"""What the walk of access says at the settlement of a repair."""

from collections.abc import Mapping
from typing import Any

from tests.aftersales.world import FAMILY

PATH = "/v1/repair-orders/{order}"
ACCOUNTS = "/v1/workshops/{workshop}/accounts"
SETTLEMENT_BODIES: Mapping[str, dict[str, Any]] = {
    f"PUT {PATH}/customer-parts": {"parts": [{"name": "Wiper blades", "quantity": 2}]},
    f"POST {PATH}/old-parts": {"give_back": True},
    f"POST {PATH}/settlement/corrections": {"lines": [{"line": "{line}", "net": 0}], "reason": "x"},
    f"POST {PATH}/payments": {"provider": "sandbox"},
    f"POST {PATH}/takings": {"way": "cash", "amount": 100, "receipt": "R-1"},
    f"POST {PATH}/takings/{{taking}}/back": {"amount": 100, "receipt": "R-2"},
    f"POST {ACCOUNTS}": {"customer": FAMILY},
}
# A record there is of what was settled alone.
OF_SETTLED = (f"GET {PATH}/settlement/sheets", f"GET {PATH}/record", f"POST {PATH}/record")
