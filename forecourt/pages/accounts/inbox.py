"""What a person is told: the messages of his account, and how he wants to be reminded."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from aftersales.telling.consents import Channel, Purpose, give, withdraw
from aftersales.telling.messages import list_messages, mark_read
from forecourt.car_names import names_of
from forecourt.pages.acting import act, act_for
from forecourt.pages.readers import Posted, Reader, own_path, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.paging import MAXIMUM_LIMIT


def router(site: Site) -> APIRouter:
    """Give the routes of the inbox."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/messages")
    def show(reader: Annotated[Reader, Depends(signed_in(site))]) -> Response:
        with reader.unit() as unit:
            told = list_messages(unit, reader.actor, limit=MAXIMUM_LIMIT).items
            names = names_of(unit, reader.actor, {one["vehicle"] for one in told if one["vehicle"]})
            return reader.page("messages.html", messages=told, names=names)

    @routes.post("/messages/{message}")
    def read(message: str, form: Form) -> Response:
        """Note that a message was read and lead to what it tells of, or to where it asks for a decision."""
        place = act_for(form, lambda unit: _place(mark_read(unit, form.reader.actor, message)))
        return to(own_path(place) if place and form.text("open") else "/messages")

    @routes.post("/me/reminders")
    def choose_channels(form: Form) -> Response:
        """Agree to reminders by the channels that are ticked, and by no other."""

        def do(unit: UnitOfWork) -> None:
            for channel in Channel:
                if form.text(channel.value):
                    phone = form.text("phone") if channel is Channel.SMS else None
                    give(unit, form.reader.actor, channel, Purpose.REMINDERS, phone)
                else:
                    withdraw(unit, form.reader.actor, channel, Purpose.REMINDERS)

        act(form, do)
        return to(own_path(form.text("next")))

    return routes


def _place(message: Mapping[str, Any]) -> str:
    if message["repair_order"]:
        return f"/repair-orders/{quote(message['repair_order'])}"
    return f"/cases/{quote(message['case'])}" if message["case"] else ""
