"""A simulated platform of electronic repair records: a token first, then the record; it misbehaves as it is told.

It speaks as Shanghai's does (flat JSON) and as Chengdu's (an envelope), on one port, and knows nothing of the service.
"""

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FLAT = "/restservices/lcipprodatarest/"
TOKENS = (f"{FLAT}lcipprogetaccesstoken/query", "/carhealth/token")
RECORDS = (f"{FLAT}lcipprocarfixrecordadd/query", "/carhealth/record")
BASIC = (
    "vehicleplatenumber", "companyname", "vin", "repairdate", "repairmileage", "settledate", "faultdescription",
    "costlistcode",
)  # fmt: skip


class Mood(StrEnum):
    """How it takes the next question."""

    WELL = "well"
    FAILS = "fails"  # 503
    SLOW = "slow"  # waits `slow_s`, and then answers as ever
    DIES = "dies"  # keeps the record, and hangs up before it says so
    FORGETS = "forgets"  # does not know the token that it has just given
    REFUSES = "refuses"  # in its own words
    RAVES = "raves"  # answers something that is no JSON


@dataclass
class Platform:
    """`companies`: code -> password. `moods`: what becomes of the records that come, in their order; then well.

    `records` are kept by company and number of the sheet: a second one of the same number is refused as known.
    """

    companies: dict[str, str]
    moods: list[Mood] = field(default_factory=list)
    slow_s: float = 1.0
    url: str = ""
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    came: list[dict[str, Any]] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        code = str(asked.get("companycode"))
        if self.companies.get(code) is None or self.companies[code] != asked.get("companypassword"):
            return {"code": "0", "status": "企业编码或密码错误"}
        token = secrets.token_hex(8)
        with self._lock:
            self._tokens[token] = code
        return {"code": "1", "status": "成功", "access_token": token}

    def mood(self, asked: Mapping[str, Any]) -> Mood:
        """Note what came, and give how it is taken."""
        with self._lock:
            self.came.append(dict(asked))
            return self.moods.pop(0) if self.moods else Mood.WELL

    def record(self, asked: Mapping[str, Any], mood: Mood) -> dict[str, Any]:
        with self._lock:
            company = self._tokens.get(str(asked.get("access_token")))
            if company is None or mood is Mood.FORGETS:
                return {"code": "0", "status": "凭证无效"}
            if mood is Mood.REFUSES:
                return {"code": "0", "status": "车架号校验失败"}
            basic: Mapping[str, Any] = asked.get("basicInfo") or {}
            if lacking := [name for name in BASIC if not basic.get(name)]:
                return {"code": "0", "status": f"缺少字段：{'、'.join(lacking)}"}
            key = (company, str(basic["costlistcode"]))
            if key in self.records:
                return {"code": "0", "status": "结算清单编号重复"}
            self.records[key] = dict(asked)
            return {"code": "1", "status": "新增成功", "recordcode": f"R{len(self.records):08d}"}


class _Handler(BaseHTTPRequestHandler):
    platform: Platform

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wrapped = "transaction" in asked
        asked = asked["transaction"]["body"]["reqInfo"] if wrapped else asked
        if self.path in TOKENS:
            self._answer(200, self.platform.token(asked), wrapped=wrapped)
        elif self.path in RECORDS:
            self._record(asked, wrapped=wrapped)
        else:
            self._answer(404, {}, wrapped=False)

    def _record(self, asked: dict[str, Any], *, wrapped: bool) -> None:
        mood = self.platform.mood(asked)
        if mood is Mood.FAILS:
            self._answer(503, {}, wrapped=False)
            return
        if mood is Mood.RAVES:
            self._write(200, b"<html>busy</html>")
            return
        told = self.platform.record(asked, mood)
        if mood is Mood.DIES:
            self.close_connection = True
            return
        if mood is Mood.SLOW:
            time.sleep(self.platform.slow_s)
        self._answer(200, told, wrapped=wrapped)

    def _answer(self, status: int, told: dict[str, Any], *, wrapped: bool) -> None:
        self._write(status, json.dumps({"respInfo": told} if wrapped else told, ensure_ascii=False).encode())

    def _write(self, status: int, body: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # who asked has not waited
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def running(platform: Platform) -> Iterator[Platform]:
    """Let a platform listen on a free port of this machine."""
    handler = type("Handler", (_Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
