"""How pages write money, instants, ages and numbers, in the reader's language and time zone."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton, format_timedelta, get_timezone_name
from babel.numbers import format_decimal, format_percent, get_currency_precision
from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from forecourt.pages.language import catalogue
from forecourt.pages.menu import N_
from foundation.money import Money
from ingest.vehicles import car_name

NOW = N_("just now")


def money(context: Context, value: Money | Mapping[str, Any]) -> str:
    amount = value if isinstance(value, Money) else Money(int(value["amount"]), str(value["currency"]))
    return amount.text(_language(context))


def bare_money(value: Mapping[str, Any]) -> str:
    """Write an amount as it is typed into a field: `1988.81`, without its currency."""
    return f"{Decimal(int(value['amount'])).scaleb(-get_currency_precision(str(value['currency']))):f}"


def instant(context: Context, value: datetime | str) -> Markup:
    """Write an instant in the reader's own time zone."""
    return _time(_read(value), _reader_zone(context), _language(context))


def local_instant(context: Context, value: datetime | str, zone: str) -> Markup:
    """Write an instant where it happens; the zone is named when the reader's clock shows something else there."""
    moment, place = _read(value), ZoneInfo(zone)
    written = _time(moment, place, _language(context))
    if moment.astimezone(place).utcoffset() == moment.astimezone(_reader_zone(context)).utcoffset():
        return written
    name = get_timezone_name(place, width="short", locale=_language(context))
    return written + Markup(" <small>{}</small>").format(name)


def clock(context: Context, value: datetime | str, zone: str) -> str:
    """Write the time of day where it happens."""
    return format_skeleton("Hm", _read(value), tzinfo=ZoneInfo(zone), locale=_language(context))


def local_day(value: datetime | str, zone: str) -> str:
    """Give the day where it happens as a form's field wants it."""
    return _read(value).astimezone(ZoneInfo(zone)).date().isoformat()


def local_time(value: datetime | str, zone: str) -> str:
    """Give the time of day where it happens as a form's field wants it."""
    return _read(value).astimezone(ZoneInfo(zone)).strftime("%H:%M")


def days_later(value: date, days: int) -> str:
    return (value + timedelta(days)).isoformat()


def weekday(context: Context, value: date | str) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return format_skeleton("MMMEd", datetime.combine(day, time()), locale=_language(context))


def age(context: Context, value: datetime | str) -> str:
    """Write how long ago an instant was, seen from the page's own `now`."""
    elapsed = context["now"] - _read(value)
    if elapsed < timedelta(seconds=2):
        return catalogue(_language(context)).gettext(NOW)
    return format_timedelta(-elapsed, add_direction=True, threshold=0.9, locale=_language(context))


def seconds_left(context: Context, value: datetime | str) -> int:
    """Give how many whole seconds are left until an instant, seen from the page's own `now`."""
    return max(0, int((_read(value) - context["now"]).total_seconds()))


def number(context: Context, value: float, digits: int = 0) -> str:
    return format_decimal(round(value, digits), format=f"#,##0.{'0' * digits}", locale=_language(context))


def percent(context: Context, value: float) -> str:
    # Sure is what has happened; a probability is not written as 100 %.
    return format_percent(min(value, 0.99), locale=_language(context))


def share(context: Context, value: float) -> str:
    """Write a share that was counted; all of them are 100 %."""
    return format_percent(value, locale=_language(context))


def said(context: Context, row: Any, name: str = "") -> str:
    """Give `name_en` or `name_zh` (`en` or `zh` without a name) of a mapping or an object; of a pair, its side."""
    chinese = _language(context).startswith("zh")
    if isinstance(row, tuple):
        return str(row[chinese])
    key = "_".join(word for word in (name, "zh" if chinese else "en") if word)
    return str(row[key] if isinstance(row, Mapping) else getattr(row, key))


def multiline(text: str) -> Markup:
    return Markup("<br>").join(escape(line) for line in text.splitlines())


def install(environment: Environment) -> None:
    for filter_ in (money, instant, local_instant, clock, weekday, age, seconds_left, number, percent, share, said):
        environment.filters[filter_.__name__] = pass_context(filter_)
    for plain in (local_day, local_time, days_later, multiline, car_name, bare_money):
        environment.filters[plain.__name__] = plain


def _time(moment: datetime, zone: ZoneInfo, language: str) -> Markup:
    day = format_skeleton("MMMEd", moment, tzinfo=zone, locale=language)
    shown = f"{day} {format_skeleton('Hm', moment, tzinfo=zone, locale=language)}"
    full = format_datetime(moment, "long", tzinfo=zone, locale=language)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), full, shown)


def _read(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _language(context: Context) -> str:
    return str(context["language"])


def _reader_zone(context: Context) -> ZoneInfo:
    zone: ZoneInfo = context["zone"]
    return zone
