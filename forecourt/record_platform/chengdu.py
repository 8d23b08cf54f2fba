"""Chengdu's platform: Shanghai's fields in an envelope with date and time, as a public uploader sends them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aftersales.settlement.records import RepairRecord
from forecourt.record_platform.asking import TIMEOUT_S, ask
from forecourt.record_platform.port import Company, NoAnswerError
from forecourt.record_platform.shanghai import content_of, receipt_in, token_in

TOKEN, RECORD = "/carhealth/token", "/carhealth/record"
ZONE = ZoneInfo("Asia/Shanghai")
MEDIA_TYPE = "text/html"  # as it is sent there, though it is JSON


def machine_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Chengdu:
    company: Company
    name: str = "chengdu"
    timeout_s: float = TIMEOUT_S
    now: Callable[[], datetime] = machine_time

    def report(self, record: RepairRecord) -> str | None:
        who = {"companycode": self.company.code, "companypassword": self.company.password}
        token = token_in(self._ask(TOKEN, who))
        return receipt_in(self._ask(RECORD, {"access_token": token, **content_of(record)}))

    def _ask(self, path: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        here = self.now().astimezone(ZONE)
        header = {"date": f"{here:%Y%m%d}", "time": f"{here:%H%M%S}"}
        document = {"transaction": {"header": header, "body": {"reqInfo": dict(asked)}}}
        told = ask(self.company.url.rstrip("/") + path, document, self.timeout_s, MEDIA_TYPE).get("respInfo")
        if not isinstance(told, dict):
            raise NoAnswerError("no_code")
        return told
