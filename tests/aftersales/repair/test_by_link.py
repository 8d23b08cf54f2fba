"""Deciding by the link of a letter, without signing in: who, on what, for how long, and nothing besides."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select

from aftersales.permissions import Act, require
from aftersales.privacy import erase
from aftersales.repair.approval_links import LINK_DAYS, new_approval_link
from aftersales.tables import approvals, messages
from aftersales.telling.consents import Channel
from forecourt.mail import console, letter, words
from foundation.identity import Role, actor_of_token, add_account, revoke_account
from foundation.privacy import person_of, sweep
from foundation.refusals import Forbidden
from foundation.tables import credentials
from tests.aftersales.repair.letters import HOUSE, read_letters, secret_in
from tests.aftersales.repair.orders import Order
from tests.aftersales.voices import Town, Voice
from tests.aftersales.world import FAMILY


@pytest.fixture
def order(street: Town) -> Order:
    for channel, more in (("mail", {}), ("sms", {"phone": "+8613800000000"})):
        street.owner.post("consents", {"channel": channel, "purpose": "notices", **more}, 201)
    built = Order(street)
    read_letters(street.world.database)
    built.way("check_in")
    return built


def asked(order: Order) -> Voice:
    """Let more be found; gives the voice of who opens the letter's link."""
    order.find()
    mail = next(one for one in read_letters(order.street.world.database) if one.channel is Channel.MAIL)
    return order.street.owner.speaking_with(secret_in(mail))


def test_each_letter_that_asks_has_a_link_of_its_own_which_is_kept_nowhere(order: Order) -> None:
    database = order.street.world.database
    order.find()
    sent = read_letters(database)
    assert {one.channel for one in sent} == {Channel.MAIL, Channel.SMS}
    secrets = {secret_in(one) for one in sent}
    assert len(secrets) == 2
    for one in sent:
        assert f"{HOUSE}/approve#" in words(one, "zh")
        assert f"{LINK_DAYS}天内有效" in letter("a@b.example", "c@d.example", one, "zh").get_content()
        with structlog.testing.capture_logs() as said:
            console("li@x.example", one, "en")
        assert f"{HOUSE}/approve#…" in said[0]["words"]
        assert secret_in(one) not in str(said)
    with database.unit() as unit:
        kept = [*unit.connection.execute(select(messages)), *unit.connection.execute(select(credentials))]
    assert not [one for one in secrets if one in str(kept)]
    told = {one["kind"]: one["repair_order"] for one in order.street.owner.get("messages")["items"]}
    assert told["lines_to_decide"] == order.id
    assert set(told.values()) == {None, order.id}
    order.find(text_en="Grease")
    assert [one.link for one in read_letters(database, None)] == [None, None], "the house does not know its address"


def test_who_opens_the_link_decides_line_by_line_in_his_name(order: Order) -> None:
    holder = asked(order)
    new = order.lines("awaiting")[0]
    order.decide("approved", new["id"], by=holder, shown={new["id"]: new["hash"]})
    said = [one for one in order.street.advisor.get(f"{order.path}/approvals")["items"] if one["line"] == new["id"]]
    (told,) = said
    assert told["hash"] == new["hash"]
    assert (told["decision"], told["channel"], told["ip"]) == ("approved", "link", "testclient")
    assert told["actor"] == order.street.owner.actor.account
    assert told["decided_at"] == order.street.world.clock.now().isoformat()
    assert "ip" not in holder.get(f"{order.path}/approvals")["items"][0], "who was handed the link sees no address"


def test_a_line_that_changed_since_it_was_shown_is_not_approved(order: Order) -> None:
    holder = asked(order)
    new, path = order.lines("awaiting")[0], order.path
    changed = order.street.technician._client.patch(f"/v1/{path}/lines/{new['id']}", json={"hours": 2})
    assert changed.status_code == 200
    refused = order.decide("approved", new["id"], by=holder, shown={new["id"]: new["hash"]}, status=409)
    assert (refused["code"], refused["lines"]) == ("line_changed", [new["id"]])
    assert order.lines("awaiting")[0]["id"] == new["id"]


def test_two_people_with_one_link_do_not_undo_each_other(order: Order) -> None:
    holder = asked(order)
    new = order.lines("awaiting")[0]["id"]
    order.decide("declined", new, by=holder)
    order.decide("declined", new, by=holder)
    order.decide("approved", new)  # signed in, one may think again
    assert order.decide("declined", new, by=holder, status=409)["code"] == "line_decided"
    every = order.street.owner.get(f"{order.path}/approvals")["items"]
    told = [(one["decision"], one["channel"]) for one in every if one["line"] == new]
    assert told == [("declined", "link"), ("approved", "app")]


@pytest.mark.parametrize("how", ["late", "ended", "account", "settled", "cancelled", "closed"])
def test_a_link_that_is_over_decides_nothing(order: Order, how: str) -> None:
    holder, street = asked(order), order.street
    new = order.lines("awaiting")[0]["id"]
    HOWS[how](order, new)
    order_over = how in {"settled", "cancelled", "closed"}
    order.decide("approved", new, by=holder, status=401)
    holder.get(order.path, 401)
    with street.world.database.unit() as unit:
        made = new_approval_link(unit, street.owner.actor.account, order.id)
    assert (made is None) is (order_over or how == "account")


def _ended(order: Order, _: str) -> None:
    owner = order.street.owner
    held = [one["id"] for one in owner.get(f"{order.path}/links")["items"]]
    assert len(held) == 2
    order.street.stranger.get(f"{order.path}/links", 404)
    order.street.advisor.get(f"{order.path}/links", 403)
    for one in held:
        assert owner._client.delete(f"/v1/{order.path}/links/{one}").status_code == 204
    assert owner.get(f"{order.path}/links") == {"items": []}


def _closed_account(order: Order, _: str) -> None:
    with order.street.world.database.unit() as unit:
        revoke_account(unit, order.street.owner.actor.account)


def _settled(order: Order, new: str) -> None:
    order.decide("approved", new)
    order.way("start", "issue_parts", "work", "quality_check", "complete")
    order.street.technician.post(f"{order.path}/settlement", status=201)


def _closed(order: Order, _: str) -> None:
    order.way("inspect")
    order.decide("declined")
    order.take("close_declined", fee="waived")


HOWS: dict[str, Callable[[Order, str], object]] = {
    "late": lambda order, _: order.street.world.clock.advance(timedelta(days=LINK_DAYS)),
    "ended": _ended,
    "account": _closed_account,
    "settled": _settled,
    "cancelled": lambda order, _: order.decide("declined"),
    "closed": _closed,
}


def test_a_letter_to_who_may_not_decide_has_no_link(order: Order) -> None:
    with order.street.world.database.unit() as unit:
        mechanic = add_account(unit, "mechanic@x.example", Role.TECHNICIAN, FAMILY).account
        people = (mechanic, order.street.stranger.actor.account, order.street.advisor.actor.account, "acc_none")
        assert [new_approval_link(unit, one, order.id) for one in people] == [None] * 4


def test_declining_everything_by_link_goes_the_way_of_the_owners_page(order: Order) -> None:
    order.take("inspect", inspection_fee=10_000)
    change = order.street.technician._client.patch
    for line in order.lines():
        what = {"hours": 3.5} if line["kind"] == "labour" else {"unit_net": 99_900}
        assert change(f"/v1/{order.path}/lines/{line['id']}", json=what).status_code == 200
    order.way("ask_approval")
    sent = read_letters(order.street.world.database)
    first, last = (order.street.owner.speaking_with(secret_in(one)) for one in (sent[0], sent[-1]))
    shown = {line["id"]: line["hash"] for line in first.get(order.path)["lines"]}
    order.decide("declined", *shown, by=last, shown=shown)
    assert (order.state, order.street.world.reserved()) == ("declined", {})
    assert first.get(order.path)["inspection_fee"]["gross"]["amount"] == 11_300
    order.decide("approved", *shown, by=first, status=409)
    order.take("close_declined", fee="waived")
    assert order.street.world.nothing_is_held()
    first.get(order.path, 401)


def test_a_link_reaches_its_order_and_nothing_else(order: Order) -> None:
    street, holder = order.street, asked(order)
    other = Order(street, "car-other")
    holder.get(other.path, 404)
    other.decide("approved", other.lines()[0]["id"], by=holder, status=404)
    for path in (f"cases/{order.view['case']}", "messages", "vehicles/car-1", f"{order.path}/photos"):
        holder.get(path, 403)
    holder.get(f"appointments/{order.visit}", 403)
    for path, body in (("review", {"rating": 5}), ("payments", {"provider": "sandbox"}), ("settlement/signature", {})):
        holder.post(f"{order.path}/{path}", body, 403)
    with street.world.database.unit() as unit:
        actor = actor_of_token(unit, str(holder._client.headers["authorization"]).removeprefix("Bearer "))
        for act in Act:
            if act is not Act.APPROVE:
                with pytest.raises(Forbidden):
                    require(actor, act, owner=FAMILY, workshop=FAMILY)


def test_from_where_somebody_decided_for_his_house_goes_with_him(order: Order) -> None:
    holder = asked(order)
    order.decide("approved", order.lines("awaiting")[0]["id"], by=holder)
    with order.street.world.database.unit() as unit:
        add_account(unit, "colleague@x.example", Role.OWNER, FAMILY)
        person = person_of(unit, order.street.owner.actor)
        erase(unit, person, vehicles=False)
        left = unit.connection.execute(select(approvals.c.ip, approvals.c.actor)).all()
    assert not person.private
    assert {tuple(row) for row in left} == {(None, person.account)}


def test_ended_links_are_forgotten_like_other_credentials(order: Order) -> None:
    asked(order)
    of_link = select(credentials.c.digest).where(credentials.c.kind == "approval_link")
    for days, left in ((LINK_DAYS + 29, 2), (2, 0)):
        order.street.world.clock.advance(timedelta(days=days))
        with order.street.world.database.unit() as unit:
            sweep(unit)
            assert len(unit.connection.execute(of_link).all()) == left
