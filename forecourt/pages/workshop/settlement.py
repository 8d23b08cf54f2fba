"""The settlement sheet to be printed, in either language whatever the reader speaks, and what it corrects."""

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from fastapi import APIRouter, Depends, Query, Response

from aftersales.settlement.bills import bill_view
from aftersales.settlement.records import read_off
from aftersales.settlement.sheets import list_sheets
from forecourt.pages.readers import Reader, signed_in
from forecourt.pages.refused import page_route
from forecourt.pages.site import Site
from foundation.database import UnitOfWork
from foundation.refusals import NotFound

TONGUES = {"zh": "zh_CN", "en": "en"}
DIGITS, PLACES, GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿", "万亿")


def router(site: Site) -> APIRouter:
    """Give the route of the sheet."""
    routes = APIRouter(route_class=page_route(site), include_in_schema=False)

    @routes.get("/repair-orders/{order}/sheet")
    def show(
        order: str,
        reader: Annotated[Reader, Depends(signed_in(site))],
        version: Annotated[int | None, Query(ge=1)] = None,
        lang: Literal["zh", "en"] | None = None,
    ) -> Response:
        with reader.unit() as unit:
            shown = _sheet(unit, reader, order, version)
        tongue, sheet = TONGUES[lang] if lang else reader.language, shown["sheet"]
        zone = ZoneInfo(sheet["workshop"]["zone"])
        # In full, with its year: a sheet is read years later.
        settled = format_datetime(datetime.fromisoformat(sheet["settled_at"]), "long", zone, tongue)
        return reader.page("settlement.html", tongue=tongue, settled=settled, **shown)

    return routes


def _sheet(unit: UnitOfWork, reader: Reader, order: str, version: int | None) -> dict[str, Any]:
    sheets = list_sheets(unit, reader.actor, order)
    chosen = sheets[-1] if version is None else next((one for one in sheets if one["version"] == version), None)
    if chosen is None:
        raise NotFound(f"this repair order has no sheet {version}")
    plate, vin = read_off(unit, order)
    gross = chosen["totals"]["gross"]
    return {
        "sheet": chosen,
        "sheets": sheets,
        "plate": plate,
        "vin": _registered(unit, reader, chosen["vehicle"]) or vin,
        "bill": bill_view(unit, order),
        "in_words": in_words(gross["amount"]) if gross["currency"] == "CNY" else None,
    }


def _registered(unit: UnitOfWork, reader: Reader, vehicle: str) -> str | None:
    """Give the car's number as it is on file; a workshop whose sight of the car has ended reads it off the sheet."""
    try:
        return reader.site.vehicles.get(unit, reader.actor, vehicle).vin
    except NotFound:
        return None


def in_words(fen: int) -> str:
    """Write yuan and fen in the figures that nobody alters (大写金额), as Chinese sheets do."""
    yuan, rest = divmod(fen, 100)
    jiao, left = divmod(rest, 10)
    if not rest:
        return f"{_whole(yuan) or '零'}元整"
    written = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        written += f"{DIGITS[jiao]}角"
    elif yuan:
        written += "零"
    return written + (f"{DIGITS[left]}分" if left else "整")


def _whole(number: int) -> str:
    written, gap = "", False
    digits = str(number) if number else ""
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == "0":
            gap = bool(written)
        else:
            written += ("零" if gap else "") + DIGITS[int(digit)] + PLACES[place % 4]
            gap = False
        if place % 4 == 0 and number // 10**place % 10_000:
            written += GROUPS[place // 4]
    return written
