"""Shanghai's platform: flat JSON, a token first. Field names are those of public uploaders; its text was not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aftersales.settlement.records import RepairRecord
from forecourt.record_platform.asking import TIMEOUT_S, ask
from forecourt.record_platform.port import Company, NoAnswerError, NotTakenError

TOKEN = "/restservices/lcipprodatarest/lcipprogetaccesstoken/query"  # noqa: S105 - a path
RECORD = "/restservices/lcipprodatarest/lcipprocarfixrecordadd/query"
DONE = "1"
KNOWN = ("重复", "已存在")  # in its words for a record that it has already


@dataclass(frozen=True, slots=True)
class Shanghai:
    """`name`: other provinces speak as Shanghai does, at addresses of their own."""

    company: Company
    name: str = "shanghai"
    timeout_s: float = TIMEOUT_S

    def report(self, record: RepairRecord) -> str | None:
        who = {"companycode": self.company.code, "companypassword": self.company.password}
        token = token_in(ask(self._url(TOKEN), who, self.timeout_s))
        return receipt_in(ask(self._url(RECORD), {"access_token": token, **content_of(record)}, self.timeout_s))

    def _url(self, path: str) -> str:
        return self.company.url.rstrip("/") + path


def content_of(record: RepairRecord) -> dict[str, Any]:
    """Write what a platform is told; every value is a text. Hours that are not known are left out."""
    return {
        "basicInfo": {
            "vehicleplatenumber": record.plate,
            "companyname": record.company,
            "vin": record.vin,
            "repairdate": f"{record.repaired_on:%Y%m%d}",
            "repairmileage": str(record.mileage_km),
            "settledate": f"{record.settled_on:%Y%m%d}",
            "faultdescription": record.fault,
            "costlistcode": record.number,
        },
        "vehiclepartslist": [
            {"partsname": part.name, "partsquantity": str(part.quantity), "partscode": part.code}
            for part in record.parts
        ],
        "repairprojectlist": [
            {"repairproject": job.name, **({} if job.hours is None else {"workinghours": f"{job.hours:f}"})}
            for job in record.jobs
        ],
    }


def token_in(told: Mapping[str, Any]) -> str:
    """Give the token of an answer; who is refused one has the wrong code or password."""
    token = told.get("access_token")
    if str(told.get("code")) != DONE:
        raise NotTakenError("credentials", _words(told))
    if not isinstance(token, str) or not token:
        raise NoAnswerError("no_token")
    return token


def receipt_in(told: Mapping[str, Any]) -> str | None:
    """Give what a platform calls the record that it has taken, now or before."""
    if "code" not in told:
        raise NoAnswerError("no_code")
    words = _words(told)
    if str(told["code"]) != DONE and not any(word in words for word in KNOWN):
        raise NotTakenError("refused", words)
    given = told.get("recordcode")
    return str(given) if given else None


def _words(told: Mapping[str, Any]) -> str:
    return str(told.get("status") or told.get("message") or "")
