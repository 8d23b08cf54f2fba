"""Structured logs: one JSON object a line on standard output; no VIN, position, token or payload goes in.

An exception's words may quote what a person or a car said (a mail server's answer its address, a database's error the
row), so they stay out: of an exception the log has its kind, where it came from, and what it was raised from.
"""

import errno
import json
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from itertools import islice
from traceback import walk_tb
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict

from forecourt.supervision.errors import SupervisionError

_DEEPEST = 20  # places told of one exception, its innermost ones
_CAUSES = 5


def configure(level: str) -> None:
    """Set the least level that is logged, for our own log and for the libraries', from which warnings are."""
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_exception,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )


def guard() -> None:
    """Log what ends this process or one of its threads as everything else is logged, instead of Python's own way."""

    def ended(kind: type[BaseException], error: BaseException, _where: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            structlog.get_logger().critical("process_ended", exc_info=error)

    def thread_ended(told: threading.ExceptHookArgs) -> None:
        structlog.get_logger().critical("thread_ended", exc_info=told.exc_value or True)

    sys.excepthook = ended
    threading.excepthook = thread_ended


def told_of(error: BaseException) -> list[dict[str, Any]]:
    """Tell of an exception and of what it was raised from, without their words."""
    found: list[dict[str, Any]] = []
    one: BaseException | None = error
    while one is not None and len(found) < _CAUSES:
        places = [(frame.f_code, line) for frame, line in walk_tb(one.__traceback__)][-_DEEPEST:]
        words = _words(one)
        found.append(
            {
                "kind": f"{type(one).__module__}.{type(one).__qualname__}",
                **({"words": words} if words else {}),
                "where": [
                    f"{'/'.join(code.co_filename.split('/')[-3:])}:{line} {code.co_name}" for code, line in places
                ],
            }
        )
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def _words(error: BaseException) -> str:
    """Give words that cannot quote anybody: our own of supervision, the system's, a database's code."""
    if isinstance(error, SupervisionError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return str(getattr(error, "sqlstate", None) or "")


def _tell_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["exception"] = told_of(raised)
    return event


class Lines(logging.Formatter):
    """What libraries log, in our form: the first line of their words as they wrote it, without what they put in."""

    def format(self, record: logging.LogRecord) -> str:
        first = next(islice(record.msg.splitlines(), 1), "") if isinstance(record.msg, str) else ""
        raised: BaseException | None = record.msg if isinstance(record.msg, BaseException) else None
        if record.exc_info:
            raised = record.exc_info[1]
        event: dict[str, Any] = {
            "event": first or "said",
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if raised is not None:
            event["exception"] = told_of(raised)
        return json.dumps(event)
