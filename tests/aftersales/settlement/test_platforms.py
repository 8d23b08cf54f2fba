"""Every province's adapter against a platform that does as it is told: what is reported, and how it fails."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aftersales.settlement.records import Job, RepairRecord, UsedPart
from forecourt.record_platform.port import Company, NoAnswerError, NotTakenError
from forecourt.record_platform.provinces import PROVINCES, read_platforms
from foundation.refusals import Invalid
from simulators.record_platform import Mood, Platform, running

RECORD = RepairRecord(
    number="S20261126-A1",
    plate="沪A12345",
    vin="LSVAA4182E2184847",
    company="浦东店",
    mileage_km=84_210,
    repaired_on=date(2026, 11, 24),
    settled_on=date(2026, 11, 26),
    fault="发电机",
    parts=(UsedPart("发电机（亮线 A-1）", "A-1", 1),),
    jobs=(Job("更换发电机", Decimal("1.2")), Job("光鼓", None)),
)


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running(Platform({"310115": "secret"}, slow_s=0.5)) as listening:
        yield listening


@pytest.mark.parametrize("province", PROVINCES)
class TestEveryProvince:
    def test_a_token_then_the_record_and_again_is_no_harm(self, platform: Platform, province: str) -> None:
        adapter = PROVINCES[province](Company(platform.url, "310115", "secret"), province)
        assert adapter.name == province
        assert adapter.report(RECORD) == "R00000001"
        assert adapter.report(RECORD) is None, "it has it already, and does not say under which number"
        [told] = platform.records.values()
        assert told["basicInfo"] == {
            "vehicleplatenumber": "沪A12345",
            "companyname": "浦东店",
            "vin": "LSVAA4182E2184847",
            "repairdate": "20261124",
            "repairmileage": "84210",
            "settledate": "20261126",
            "faultdescription": "发电机",
            "costlistcode": "S20261126-A1",
        }
        assert told["vehiclepartslist"] == [
            {"partsname": "发电机（亮线 A-1）", "partsquantity": "1", "partscode": "A-1"}
        ]
        # How long others worked nobody here knows, and nobody says.
        assert told["repairprojectlist"] == [
            {"repairproject": "更换发电机", "workinghours": "1.2"},
            {"repairproject": "光鼓"},
        ]

    def test_what_may_have_arrived_is_asked_again(self, platform: Platform, province: str) -> None:
        adapter = PROVINCES[province](Company(platform.url, "310115", "secret"), province)
        for mood, word in ((Mood.FAILS, "http_503"), (Mood.RAVES, "no_json"), (Mood.DIES, "unreachable")):
            platform.moods = [mood]
            with pytest.raises(NoAnswerError) as failure:
                adapter.report(RECORD)
            assert failure.value.word == word
        assert len(platform.records) == 1, "it died with the record in its books"
        assert adapter.report(RECORD) is None
        assert len(platform.records) == 1

    def test_a_refusal_needs_a_person_and_carries_its_words(self, platform: Platform, province: str) -> None:
        adapter = PROVINCES[province](Company(platform.url, "310115", "secret"), province)
        platform.moods = [Mood.REFUSES]
        with pytest.raises(NotTakenError) as failure:
            adapter.report(RECORD)
        assert (failure.value.word, failure.value.words) == ("refused", "车架号校验失败")
        wrong = PROVINCES[province](Company(platform.url, "310115", "guess"), province)
        with pytest.raises(NotTakenError) as failure:
            wrong.report(RECORD)
        assert failure.value.word == "credentials"
        nowhere = PROVINCES[province](Company(f"{platform.url}/nowhere", "310115", "secret"), province)
        with pytest.raises(NotTakenError) as failure:
            nowhere.report(RECORD)
        assert failure.value.word == "http_404"
        assert "guess" not in repr(wrong)

    def test_nobody_waits_for_a_slow_one_for_ever(self, platform: Platform, province: str) -> None:
        adapter = PROVINCES[province](Company(platform.url, "310115", "secret"), province)
        slow = type(adapter)(Company(platform.url, "310115", "secret"), province, timeout_s=0.2)  # type: ignore[call-arg]
        platform.moods = [Mood.SLOW]
        with pytest.raises(NoAnswerError) as failure:
            slow.report(RECORD)
        assert failure.value.word == "timeout"


def test_what_is_written_of_a_workshop_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "platforms.json"
    good = {"province": "shanghai", "url": "https://x.example", "company_code": "1", "company_password": "2"}
    assert read_platforms(None) == {}
    path.write_text(json.dumps({"wks_one": good}))
    assert read_platforms(path)["wks_one"].name == "shanghai"
    for wrong in ("[", "[]", {"w": {}}, {"w": good | {"province": "atlantis"}}, {"w": good | {"url": "ftp://x"}}):
        path.write_text(wrong if isinstance(wrong, str) else json.dumps(wrong))
        with pytest.raises(Invalid, match=r"platforms\.json"):
            read_platforms(path)
