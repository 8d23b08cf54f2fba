"""Money that was paid too much and that the provider will not give back: the desk sees why, and asks again."""

import pytest

from forecourt.pages.readers import SESSION_COOKIE
from foundation.identity import Actor, Role, add_account, session_of, start_session
from parts_catalog.payments import State
from parts_catalog.payments.port import NeedsPerson
from tests.aftersales.settlement.till import Till
from tests.aftersales.world import STRANGERS
from tests.pages.forms import forms_of


def page(till: Till, actor: Actor, path: str) -> str:
    with till.street.world.database.unit() as unit:
        secret = start_session(unit, actor)
    headers = {"Cookie": f"{SESSION_COOKIE}={secret}", "Authorization": "", "Accept-Language": "en"}
    answer = till.street.owner._client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def post(till: Till, actor: Actor, path: str) -> int:
    client = till.street.owner._client
    with till.street.world.database.unit() as unit:
        secret = start_session(unit, actor)
        csrf = session_of(unit, secret).csrf
    headers = {"Cookie": f"{SESSION_COOKIE}={secret}", "Authorization": ""}
    return int(client.post(path, data={"csrf": csrf}, headers=headers, follow_redirects=False).status_code)


@pytest.fixture
def refused(till: Till, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a paid sheet be corrected, and the provider have no money to give back; gives the payment."""

    def refuse(*_: object) -> None:
        raise NeedsPerson("not_enough")

    till.settled()
    payment = till.pay()
    with monkeypatch.context() as without_money:
        without_money.setattr(type(till.sandbox), "refund", refuse)
        till.correct({till.part("belt")["id"]: 0})
        till.hear()
    return payment


def test_the_desk_sees_why_and_asks_again(till: Till, refused: str) -> None:
    street = till.street
    assert street.advisor.told().count("refund_refused") == 1
    back = street.advisor.get("refunds")["items"]
    assert [(one["payable"]["id"], one["why"]) for one in back] == [(till.id, "not_enough")]
    assert till.bill["too_much"]["amount"] == 0, "the provider is to give it back, not the counter"
    shown = till.bill["payments"][-1]["refunds"]
    assert [(one["state"], one["en"]) for one in shown] == [("failed", "Refused")]
    assert "why" not in shown[0], "that is between the house and its provider"
    for path in ("/board", f"/board/{till.id}"):
        assert "too little money on our account" in page(till, street.advisor.actor, path)
    assert "too little money" not in page(till, street.owner.actor, f"/{till.path}")
    street.owner.post(f"refunds/{back[0]['id']}/again", status=403)
    action = f"/board/{till.id}/refunds/{back[0]['id']}"
    assert action in forms_of(page(till, street.advisor.actor, f"/board/{till.id}"))
    assert post(till, street.advisor.actor, action) == 303
    street.advisor.post(f"refunds/{back[0]['id']}/again")
    till.hear()
    assert till.payment(refused).state is State.PARTLY_REFUNDED
    assert street.advisor.get("refunds")["items"] == []
    street.advisor.post(f"refunds/{back[0]['id']}/again", status=409)


def test_another_house_does_not_see_it(till: Till, refused: str) -> None:
    back = till.street.advisor.get("refunds")["items"][0]["id"]
    with till.street.world.database.unit() as unit:
        stranger = add_account(unit, "advisor@elsewhere.example", Role.ADVISOR, STRANGERS)
    elsewhere = till.street.advisor.speaking_with(None, stranger)
    assert elsewhere.get("refunds")["items"] == []
    elsewhere.post(f"refunds/{back}/again", status=404)
