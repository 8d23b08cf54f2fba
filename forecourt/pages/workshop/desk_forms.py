"""Reading what the desk types: amounts, hours, lines that are found, and decisions that an owner spoke."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from aftersales.cases import SettlementGroup
from aftersales.repair.decisions import TAKEN_DOWN, Heard, Way
from aftersales.repair.line_changes import Change
from aftersales.repair.order_lines import Bearer, Labour, Material, Sublet
from forecourt.pages.readers import Posted
from foundation.refusals import Invalid

MOST_WORDS = 2000
MOST_LINE = 200


def amount(written: str, currency: str) -> int:
    """Read an amount as people write it, such as `1,250.50`; gives minor units."""
    try:
        value = Decimal(written.replace(",", "").replace("，", "").strip())
        minor = value.scaleb(get_currency_precision(currency))
    except InvalidOperation as error:
        raise Invalid("this is no amount of money", why="no_money") from error
    if not minor.is_finite() or minor < 0 or minor > 10**10 or minor != minor.to_integral_value():
        raise Invalid("this is no amount of money", why="no_money")
    return int(minor)


def hundredths(written: str) -> int:
    """Read hours or pieces, such as `1.25`, in hundredths."""
    try:
        value = Decimal(written.replace("，", ".").strip())
    except InvalidOperation as error:
        raise Invalid("this is no number of hours or pieces", why="two_decimals") from error
    if not value.is_finite() or not 0 < value <= 1000 or (value * 100) != (value * 100).to_integral_value():
        raise Invalid("hours and pieces are numbers with at most two decimals", why="two_decimals")
    return int(value * 100)


def local_instant(written: str, zone: ZoneInfo) -> datetime:
    """Read day and time by the workshop's clock."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("this is no day and time", why="no_day_and_time") from error


def found_line(form: Posted, currency: str) -> Labour | Material | Sublet:
    """Read a line that is to be added."""
    bearer, kind = _bearer(form), form.text("kind")
    if kind == "part":
        pieces = form.text("quantity")
        if pieces and hundredths(pieces) % 100:
            raise Invalid("a part is counted in whole pieces", why="whole_pieces")
        return Material(said(form, "part"), hundredths(pieces) // 100 if pieces else None, bearer)
    texts = said(form, "text_en") or said(form, "text_zh"), said(form, "text_zh") or said(form, "text_en")
    if not all(texts):
        raise Invalid("say what is to be done", why="say_what_to_do")
    group = form.text("group")
    chosen = SettlementGroup(group) if group in set(SettlementGroup) else None
    if kind == "labour":
        return Labour(*texts, hundredths(form.text("hours")), chosen or SettlementGroup.LABOUR, bearer)
    if kind == "sublet":
        if not said(form, "supplier"):
            raise Invalid("say who does it", why="say_who_does_it")
        net = amount(form.text("net"), currency)
        return Sublet(*texts, said(form, "supplier"), net, chosen or SettlementGroup.PROCESSING, bearer)
    raise Invalid("a line is labour, a part, or done elsewhere", why="not_of_this_page")


def changed_line(form: Posted, currency: str) -> Change:
    """Read what a line is from now on; what is left empty stays."""
    quantity, price = form.text("quantity"), form.text("unit_price")
    return Change(hundredths(quantity) if quantity else None, amount(price, currency) if price else None, _bearer(form))


def heard(form: Posted, signature: str | None) -> Heard:
    """Read how and from whom the desk heard a decision."""
    way = form.text("channel")
    if way not in {one.value for one in TAKEN_DOWN} or not said(form, "given_by"):
        raise Invalid("say how the owner told you, counter or telephone, and who it was", why="heard_how")
    return Heard(Way(way), None, said(form, "given_by"), signature)


def said(form: Posted, name: str, most: int = MOST_LINE) -> str:
    """Read what was typed; raises `Invalid` for what is too long, or is no text."""
    written = form.text(name)
    if len(written) > most or "\x00" in written:
        raise Invalid(f"{name} is text of at most {most} characters", why="text_too_long", told={"most": most})
    return written


def _bearer(form: Posted) -> Bearer | None:
    written = form.text("borne_by")
    return Bearer(written) if written in set(Bearer) else None
