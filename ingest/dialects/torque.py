"""Torque's upload: the query of `GET /v1/ingest/torque`, published without its `eml` by our API.

A key `k{hex}` is a parameter of mode 01. Values are in Torque's own units, which are ours, unless `userUnit{key}`
beside them says otherwise: the API adds what packets of names told before. `kff{hex}` are made by the app, not by the
car.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from ingest.arrived import Arrived
from ingest.dialects.dialect import Told, Uploaded
from ingest.dialects.foreign import Field, identity, message, name_of
from ingest.dialects.strict import check_size
from ingest.envelope import EPOCH, Header, Malformed
from ingest.signals import PIDS, SIGNALS

MAXIMUM_PAIRS = 2000
CREDENTIAL = "eml"
UNIT = "userUnit"
_NAMES = (UNIT, "userShortName", "userFullName", "defaultUnit", "profile")
_ABOUT = frozenset({CREDENTIAL, "v", "session", "id", "time", "notice", "noticeClass"})
# What the phone says of where it is, and how it moves: longitude, latitude, altitude, speed, bearing, accuracy.
_POSITION = frozenset({"kff1001", "kff1005", "kff1006", "kff1007", "kff1010", "kff1239", "kff123a", "kff123b"})
_KEY = re.compile(r"k[0-9a-f]{1,8}")
_WHOLE = re.compile(r"\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_LAST_MS = 253_402_300_799_999

FIELDS: Mapping[str, str] = {f"k{pid.number:x}": pid.fields[0].signal for pid in PIDS.values() if len(pid.fields) == 1}

# (their unit, our unit): how one becomes the other.
UNITS: Mapping[tuple[str, str], tuple[float, float]] = {
    ("°F", "degC"): (5 / 9, -160 / 9),
    ("F", "degC"): (5 / 9, -160 / 9),
    ("°C", "degC"): (1, 0),
    ("C", "degC"): (1, 0),
    ("mph", "km/h"): (1.609344, 0),
    ("miles", "km"): (1.609344, 0),
    ("psi", "kPa"): (6.894757, 0),
    ("bar", "kPa"): (100, 0),
    ("inHg", "kPa"): (3.386389, 0),
    ("°", "deg"): (1, 0),
    ("v", "V"): (1, 0),
}


def read(arrived: Arrived) -> Sequence[Told]:
    pairs = read_pairs(arrived.payload)
    told = dict(pairs)  # of a key that occurs twice the last counts
    units = {f"k{key.removeprefix(UNIT)}": unit for key, unit in told.items() if key.startswith(UNIT)}
    values = {key: value for key, value in told.items() if _KEY.fullmatch(key)}
    session = told.get("session", "0")
    boot = f"torque-{session}" if _WHOLE.fullmatch(session) else "torque"
    # What was learnt of units in between does not make a resend another message.
    content = values or {key: value for key, value in told.items() if key != CREDENTIAL}
    header = identity(boot, told.get("id"), told.get("time"), content)
    ignored = sum(key not in _ABOUT for key in told) - len(values) + sum(key in _POSITION for key in values)
    if not values:
        if not told.keys() & _ABOUT and not units:
            raise Malformed("the query is none of Torque's", header)
        return (message(header, [], ignored),)
    at = _time(told, header)
    row: dict[str, float] = {}
    wrong: dict[str, str] = {}
    for key, text in values.items():
        if key in _POSITION:
            continue
        signal = FIELDS.get(key)
        value = float(text) if _NUMBER.fullmatch(text) else math.inf
        if signal is None:
            row[name_of(key)] = value
            continue
        field = _field(signal, units.get(key))
        if field is None:
            wrong[signal] = name_of(units[key])
        row[signal] = field(value) if field else value
    repeated = len(pairs) - len(told)
    return (message(header, [(at, row)] if row else [], ignored + repeated, wrong),)


def read_pairs(payload: bytes) -> list[tuple[str, str]]:
    """Give the keys and values of a query in their order; what is not UTF-8 in it is replaced."""
    check_size(payload)
    try:
        query = payload.decode("ascii")
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_PAIRS, errors="replace")
    except ValueError as error:
        raise Malformed(f"no query: {error}") from error


def _time(told: Mapping[str, str], header: Header) -> datetime:
    time = told.get("time", "")
    if not _WHOLE.fullmatch(time) or int(time) > _LAST_MS:
        raise Malformed("time is no count of milliseconds since 1970", header)
    return EPOCH + timedelta(milliseconds=int(time))


def _field(signal: str, unit: str | None) -> Field | None:
    """Give how values in this unit become ours; None where nobody knows."""
    ours = SIGNALS[signal].unit
    if not unit or unit == ours:
        return Field(signal)
    found = UNITS.get((unit, ours))
    return Field(signal, *found) if found else None


DIALECT = Uploaded("torque", read)
