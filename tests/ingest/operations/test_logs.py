"""What a log tells of an exception: kind and place, and no word that may quote somebody."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from smtplib import SMTPRecipientsRefused

import psycopg
import pytest
import structlog

from forecourt import logs
from forecourt.supervision.errors import PortTakenError

SECRET = "li.wei@example.com"


@pytest.fixture
def ours() -> Iterator[None]:
    before = structlog.get_config()
    logs.configure("info")  # pytest has handlers of its own at the root, so this adds none
    yield
    structlog.configure(**before)


@pytest.fixture
def libraries() -> Iterator[StringIO]:
    """What libraries log, in our form."""
    handler = logging.StreamHandler(written := StringIO())
    handler.setFormatter(logs.Lines())
    logging.getLogger().addHandler(handler)
    for name in ("uvicorn", "uvicorn.error"):  # a server in the same process may have shut them
        logging.getLogger(name).propagate, logging.getLogger(name).disabled = True, False
    yield written
    logging.getLogger().removeHandler(handler)


def raised(error: Exception) -> Exception:
    def unlucky() -> None:
        {}[SECRET]

    try:
        try:
            unlucky()
        except KeyError as cause:
            raise error from cause
    except type(error) as caught:
        return caught


def test_an_exception_is_told_without_its_words(ours: None, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().error("fault", exc_info=raised(psycopg.errors.UniqueViolation(SECRET)))
    told = json.loads(capsys.readouterr().out)
    first, cause = told["exception"]
    assert (first["kind"], first["words"]) == ("psycopg.errors.UniqueViolation", "23505")
    assert first["where"][-1].endswith(" raised")
    assert cause["kind"] == "builtins.KeyError"
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PortTakenError("The MQTT port 1883 is used by another program."), "The MQTT port 1883 is used"),
        (FileNotFoundError(2, SECRET, SECRET), "No such file or directory"),
        (SMTPRecipientsRefused({SECRET: (550, SECRET.encode())}), ""),
        (ValueError(SECRET), ""),
    ],
)
def test_words_that_can_quote_nobody_are_kept(error: Exception, words: str) -> None:
    told = logs.told_of(error)[0]
    assert told.get("words", "").startswith(words)
    assert SECRET not in json.dumps(told)


def test_what_libraries_log_is_in_our_form(libraries: StringIO) -> None:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=raised(ValueError(SECRET)))
    logging.getLogger("some.library").warning("cannot reach %s", SECRET)

    async def forgotten() -> None:
        context = {"message": "Task exception was never retrieved", "exception": ValueError(SECRET)}
        asyncio.get_running_loop().call_exception_handler(context)

    asyncio.run(forgotten())
    lines = [json.loads(line) for line in libraries.getvalue().splitlines()]
    assert [it["event"] for it in lines] == [
        "Exception in ASGI application",
        "cannot reach %s",
        "Task exception was never retrieved",
    ]
    assert SECRET not in json.dumps(lines)
