"""A repair order on its way out: settled, paid at the sandbox, whose notices come in by the real door."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foundation.database import new_id
from foundation.identity import Actor, Role, add_account
from foundation.money import Money
from parts_catalog.payments import accept, find
from parts_catalog.payments.calling import charge_of, look_after_one, run_due_calls
from parts_catalog.payments.payment import Payment
from parts_catalog.payments.port import Fact, Notice, Told
from parts_catalog.payments.sandbox import Sandbox, decide, deliver_due
from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town, Voice
from tests.aftersales.world import FAMILY, GARAGE

if TYPE_CHECKING:
    from forecourt.paying import Paying

DONE = ("check_in", "start", "issue_parts", "work", "quality_check", "complete")


class Till(Order):
    """An order with what the counter does about it."""

    def __init__(self, street: Town, key: str = "car-1") -> None:
        super().__init__(street, key)
        self.paying: Paying = street.owner._app.state.paying
        sandbox = self.paying.providers["sandbox"]
        assert isinstance(sandbox, Sandbox)
        self.sandbox = sandbox

    @property
    def bill(self) -> Any:
        return self.view["bill"]

    def settle(self, status: int = 201, **wish: Any) -> Any:
        return self.street.advisor.post(f"{self.path}/settlement", wish, status)

    def settled(self, **wish: Any) -> Any:
        self.way(*DONE)
        return self.settle(**wish)

    def begin(self, status: int = 201, **more: Any) -> Any:
        return self.street.owner.post(f"{self.path}/payments", {"provider": "sandbox"} | more, status)

    def decide_payment(self, payment: str, decision: str = "approve", copies: int = 1, *, hear: bool = True) -> None:
        """Stand in for the owner at the provider; what that tells comes in by our door, at once or when it is heard."""
        with self.street.world.database.unit() as unit:
            decide(unit, charge_of(find(unit, self.owner, payment)), decision, timedelta(), copies)
        if hear:
            self.hear()

    def hear(self) -> None:
        """Let the provider be asked what waits to be asked, and tell what it has to tell."""
        while run_due_calls(self.street.world.database, self.paying.providers, self.paying.payables):
            pass
        while deliver_due(self.sandbox, self._post):
            pass

    def look_after(self) -> None:
        with self.street.world.database.unit() as unit:
            while look_after_one(unit, self.paying.payables):
                pass

    def tell(self, payment: str, amount: Money | None = None) -> str:
        """Let the provider say that a payment was made, whatever our side did with it; gives the verdict."""
        told = Notice(new_id("ntc"), Fact(Told.PAID, payment, amount or self.payment(payment).amount, "sbx_1"))
        with self.street.world.database.unit() as unit:
            return accept(unit, self.paying.payables, "sandbox", told).value

    def pay(self) -> str:
        payment = str(self.begin()["id"])
        self.decide_payment(payment)
        return payment

    def payment(self, payment: str) -> Payment:
        with self.street.world.database.unit() as unit:
            return find(unit, self.owner, payment)

    def release(self, status: int = 201) -> Any:
        return self.street.advisor.post(f"{self.path}/release", status=status)

    def correct(self, nets: Mapping[str, int], status: int = 201, reason: str = "not needed") -> Any:
        lines = [{"line": line, "net": net} for line, net in nets.items()]
        return self.street.advisor.post(
            f"{self.path}/settlement/corrections", {"lines": lines, "reason": reason}, status
        )

    @cached_property
    def manager(self) -> Voice:
        with self.street.world.database.unit() as unit:
            boss = add_account(unit, f"{new_id('boss')}@x.example", Role.WORKSHOP_MANAGER, GARAGE)
        return self.street.advisor.speaking_with(None, boss)

    def flag(self, *, end: bool = False) -> None:
        """Put the family on account at the workshop, or take it off again."""
        accounts = "workshops/wks_one/accounts"
        if end:
            self.manager.delete(f"{accounts}/{FAMILY}")
        else:
            self.manager.post(accounts, {"customer": FAMILY}, 201)

    @property
    def owner(self) -> Actor:
        return self.street.world.owner

    def _post(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        client = self.street.owner._client
        return int(client.post(path, headers=dict(headers), content=body).status_code)
