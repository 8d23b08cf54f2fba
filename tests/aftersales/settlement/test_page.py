"""The printed sheet: in either language, in the six groups, and escaped whatever stands on it."""

import pytest

from aftersales.settlement.records import Waiting, compose
from forecourt.pages.workshop.settlement import in_words
from foundation.identity import start_session
from tests.aftersales.settlement.till import DONE, Till

GROUPS = ("维修诊断费", "检测费", "材料费", "工时费", "加工费", "其他费用")
NASTY = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (100, "壹元整"),
        (1_050, "壹拾元伍角整"),
        (198_881, "壹仟玖佰捌拾捌元捌角壹分"),
        (1_000_005, "壹万元零伍分"),
        (10_050_000, "壹拾万零伍佰元整"),
        (10_000_000_010, "壹亿元壹角整"),
        (100_010_001, "壹佰万零壹佰元零壹分"),
    ],
)
def test_an_amount_in_words(fen: int, words: str) -> None:
    assert in_words(fen) == words


def page(till: Till, language: str = "en", **query: str) -> str:
    street = till.street
    with street.world.database.unit() as unit:
        secret = start_session(unit, street.owner.actor)
    headers = {"Cookie": f"forecourt_session={secret}", "Accept-Language": language, "Authorization": ""}
    answer = street.owner._client.get(f"/{till.path}/sheet", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_the_sheet_is_printed_in_both_languages(till: Till) -> None:
    client, path = till.street.technician._client, f"/v1/{till.path}"
    till.way(*DONE[:1])
    assert client.put(f"{path}/customer-parts", json={"parts": [{"name": NASTY}]}).status_code == 200
    labour = {"kind": "labour", "text_en": NASTY, "text_zh": NASTY, "hours": 0.37}
    till.street.technician.post(f"{till.path}/lines", labour, 201)
    till.decide("approved")
    till.way(*DONE[1:])
    sheet = till.settle(plate="<沪A>")
    english, chinese = page(till), page(till, "zh-CN")
    for shown in (english, chinese, page(till, lang="zh"), page(till, "zh-CN", lang="en")):
        assert all(group in shown for group in GROUPS)
        assert sheet["number"] in shown
        assert "84,210" in shown
        assert NASTY not in shown
        assert "&lt;沪A&gt;" in shown
        assert "人民币" in shown
    assert "Customer&#39;s signature" in english or "Customer's signature" in english
    assert "客户签字" in chinese
    assert "0.37 h" in english
    assert 'lang="zh-CN">' in page(till, lang="zh")
    assert "Settlement sheet" in page(till, "zh-CN", lang="en")


def test_a_corrected_sheet_says_what_it_corrects_and_the_old_one_that_it_was(till: Till) -> None:
    first = till.settled()
    second = till.correct({till.part("belt")["id"]: 0}, reason=NASTY)
    now, before = page(till), page(till, version="1")
    assert f"takes the place of {first['number']}" in now
    assert NASTY not in now
    assert f"{second['number']} counts" in before
    assert "¥90.41" in before  # the belt with its tax
    client = till.street.owner._client
    with till.street.world.database.unit() as unit:
        secret = start_session(unit, till.street.owner.actor)
    answer = client.get(f"/{till.path}/sheet?version=3", headers={"Cookie": f"forecourt_session={secret}"})
    assert answer.status_code == 404


def test_the_sheet_keeps_the_workshop_as_it_was_when_it_was_written(till: Till) -> None:
    client = till.manager._client
    here = {"name_zh": "前庭 & 店", "address": NASTY, "telephone": "021-5555 0101", "licence": "备案 310115"}
    assert client.patch("/v1/workshops/wks_one", json=here).json()["address"] == NASTY
    assert client.patch("/v1/workshops/wks_one", json={"telephone": "call us"}).status_code == 422
    assert till.street.advisor._client.patch("/v1/workshops/wks_one", json=here).status_code == 403
    first = till.settled(plate="沪A12345")
    moved = client.patch("/v1/workshops/wks_one", json={"address": "elsewhere", "name_zh": "新店"}).json()
    assert (moved["address"], moved["licence"], moved["name_en"]) == ("elsewhere", "备案 310115", "one")
    assert {name: first["workshop"][name] for name in here} == here
    second = till.correct({till.part("belt")["id"]: 0})
    assert second["workshop"] == first["workshop"], "a correction changes amounts alone"
    shown = page(till, "zh-CN")
    assert all(one in shown for one in ("前庭 &amp; 店", "021-5555 0101", "备案 310115", "地址"))
    assert "新店" not in shown
    assert NASTY not in shown
    with till.street.world.database.unit() as unit:
        car = Waiting(till.id, "", "wks_one", "", 1, None, None)
        assert compose(unit, car, "沪A12345", "WVWZZZ1KZAW000001").company == "前庭 & 店"
