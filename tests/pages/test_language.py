"""The language of a page: by switch, account, browser, then default; and every sentence in both languages."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from forecourt.pages import language
from foundation.identity import Actor, Role

PAGES = Path(language.__file__).parent
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def sentences() -> Iterator[str]:
    methods = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(
        PAGES, methods, {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}, keywords=keywords
    )
    for _, _, message, _, _ in found:
        yield message if isinstance(message, str) else message[0]


def test_every_sentence_of_the_pages_has_a_chinese_one() -> None:
    with (PAGES / "locales/zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        chinese = read_po(file, locale="zh_CN")
    found = set(sentences())
    assert len(found) > 30
    assert sorted(message for message in found if not (entry := chinese.get(message)) or not entry.string) == []


def test_translations_keep_the_placeholders() -> None:
    with (PAGES / "locales/zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        for message in read_po(file, locale="zh_CN"):
            source = message.id if isinstance(message.id, str) else message.id[0]
            target = message.string if isinstance(message.string, str) else message.string[0]
            if source:
                assert sorted(PLACEHOLDER.findall(source)) == sorted(PLACEHOLDER.findall(target)), source


@pytest.mark.parametrize(
    ("cookie", "account", "accepted", "default", "chosen"),
    [
        ("en", "zh_CN", "zh-CN", "zh_CN", "en"),
        (None, "zh-CN", "en-GB,en;q=0.9", "en", "zh_CN"),
        ("xx", None, "de, zh-TW;q=0.8, en;q=0.7", "en", "zh_CN"),
        (None, None, "zh;q=0.2, en-US;q=0.9", "zh_CN", "en"),
        (None, None, "de", "zh_CN", "zh_CN"),
        (None, None, "", "zh", "zh_CN"),
        (None, None, "en;q=abc, zh-Hans-CN;q=0.1", "en", "zh_CN"),
        (None, None, "zh;q=0", "en", "en"),
    ],
)
def test_the_language_is_chosen(
    cookie: str | None, account: str | None, accepted: str, default: str, chosen: str
) -> None:
    assert language.choose(cookie, account, accepted, default) == chosen


def test_the_switch_changes_the_language_and_stays_on_the_page(
    signed_in: Callable[[Actor], TestClient], person: Callable[..., Actor]
) -> None:
    client = signed_in(person(Role.OWNER, language="en"))
    assert "Sign out" in client.get("/sign-in?next=/parts").text
    answer = client.post("/language", data={"language": "zh_CN", "next": "/sign-in?next=/parts"})
    assert answer.headers["location"] == "/sign-in?next=/parts"
    chinese = client.get("/sign-in?next=/parts")
    assert "退出登录" in chinese.text
    assert '<html lang="zh-CN">' in chinese.text
    assert client.post("/language", data={"language": "fr"}).status_code == 422
