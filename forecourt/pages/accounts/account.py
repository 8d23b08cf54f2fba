"""One's own account: who one is, where one is signed in, how one is reminded, and one's data to take or erase."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import StreamingResponse

from aftersales.telling.consents import Channel, Purpose, list_consents
from forecourt import privacy
from forecourt.http import STATUS
from forecourt.pages.acting import act
from forecourt.pages.readers import SESSION_COOKIE, Posted, Reader, posted, signed_in, to
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.identity import address_of, organisation_name
from foundation.passwords import LEAST_PASSWORD, is_fresh, set_password, show_oneself
from foundation.privacy import Person, person_of
from foundation.refusals import Forbidden, Invalid
from foundation.sessions import end_other_sessions, list_sessions


def router(site: Site) -> APIRouter:
    """Give the routes of one's account."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)
    Form = Annotated[Posted, Depends(posted(site))]  # noqa: N806 - a type

    @routes.get("/account")
    def show(reader: Annotated[Reader, Depends(signed_in(site))], done: str = "") -> Response:
        with reader.unit() as unit:
            return reader.page("account.html", done=done, wrong=None, **_account(unit, reader))

    @routes.post("/account/sessions")
    def leave_elsewhere(form: Form) -> Response:
        act(form, lambda unit: end_other_sessions(unit, form.reader.actor, _secret(form.reader)))
        return to("/account?done=signed_out")

    @routes.post("/account/password")
    def change_password(form: Form) -> Response:
        try:
            _set_password(form)
        except (Forbidden, Invalid) as refusal:
            return _wrong(form.reader, int(STATUS[refusal.code]), refusal.code)
        return to("/account?done=password_set")

    @routes.post("/account/export")
    def take_along(form: Form) -> StreamingResponse:
        actor = form.reader.actor
        with form.reader.unit() as unit:
            person = person_of(unit, actor)
        return StreamingResponse(
            privacy.export(site.database, site.archive, person, actor.account),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="forecourt-export.zip"'},
        )

    @routes.post("/account/erasure")
    def erase(form: Form) -> Response:
        """Erase the person; asked for with the password, and with a tick, for there is no way back."""
        actor = form.reader.actor
        try:
            person = _who_means_it(form)
        except Forbidden:
            return _wrong(form.reader, 403, "erasure")
        privacy.erase(site.database, site.archive, person, actor.account, vehicles=bool(form.text("vehicles")))
        answer = to("/sign-in?done=erased")
        answer.delete_cookie(SESSION_COOKIE, path="/")
        return answer

    return routes


def _who_means_it(form: Posted) -> Person:
    """Give the person who asks to be erased; raises `Forbidden` unless he has ticked it and shown who he is."""
    if not form.text("sure"):
        raise Forbidden("tick that you mean it", why="tick_it")
    reader = form.reader
    reader.site.throttle.show_oneself(reader.request, reader.site.database, reader.actor)
    show_oneself(reader.site.database, reader.actor, _secret(reader), form.fields.get("password"))
    with reader.unit() as unit:
        return person_of(unit, reader.actor)


def _set_password(form: Posted) -> None:
    """Set the password; not through `act`, which would keep a digest of it for telling repeats."""
    reader, password = form.reader, form.fields.get("password", "")
    if password != form.fields.get("again"):
        raise Invalid("the password was typed in two ways", why="typed_two_ways")
    reader.site.throttle.show_oneself(reader.request, reader.site.database, reader.actor)
    set_password(reader.site.database, reader.actor, _secret(reader), password, form.fields.get("current"))


def _wrong(reader: Reader, status: int, wrong: str) -> Response:
    """Show the page again with what was not right: `erasure`, or `forbidden` or `invalid` of the password."""
    with reader.unit() as unit:
        return reader.page("account.html", status, done="", wrong=wrong, **_account(unit, reader))


def _account(unit: UnitOfWork, reader: Reader) -> dict[str, Any]:
    actor = reader.actor
    given = [one for one in list_consents(unit, actor) if one["withdrawn_at"] is None]
    return {
        "address": address_of(unit, actor.account),
        "organisation": organisation_name(unit, actor.organisation),
        "sessions": list_sessions(unit, actor, _secret(reader)),
        "channels": list(Channel),
        "agreed": {one["channel"] for one in given if one["purpose"] == Purpose.REMINDERS},
        "phone": next((one["phone"] for one in given if one["phone"]), ""),
        "person": person_of(unit, actor),
        "by_link": is_fresh(unit, actor, _secret(reader), by_link=True),
        "least": LEAST_PASSWORD,
    }


def _secret(reader: Reader) -> str:
    return reader.request.cookies[SESSION_COOKIE]
