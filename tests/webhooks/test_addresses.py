"""Where webhooks may go: nowhere inside, however it is written."""

import socket
from typing import Any

import pytest

from forecourt.webhooks.addresses import AddressRefusedError, check_url, target_of
from foundation.refusals import Invalid

INSIDE = (
    "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104 - nobody binds to it
    "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.8]", "[64:ff9b::a00:8]", "[2002:a00:8::1]", "[::7f00:1]",
    "[fec0::1]", "[64:ff9b:1::a00:8]", "[::ffff:0:a00:8]", "[5f00::1]", "[3fff::1]", "192.0.0.8", "192.88.99.1",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_is_refused_as_written_and_as_looked_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid):
        check_url(f"https://{host}/hook", private=False)
    written = host.strip("[]")

    def look_up(*_: Any, **__: Any) -> list[Any]:
        # One open address beside it makes it no better.
        return [(socket.AF_INET, 0, 0, "", ("93.184.216.34", 443)), (socket.AF_INET, 0, 0, "", (written, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(AddressRefusedError, match="private_address"):
        target_of("https://rebinding.example/hook", private=False)


@pytest.mark.parametrize("written", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused_when_looked_up(written: str) -> None:
    with pytest.raises(AddressRefusedError):
        target_of(f"https://{written}/hook", private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://open.example/", "ftp://open.example/", "https:///hook", "https://user:word@open.example/",
        "https://open.example/#here", "https://open.example:99999/", "https://ö.example/", "https://a b/", "file:///etc",
        "https://open.example/\nHost: inside", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_address_for_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, private=False)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        assert (host, port) == ("open.example", 8443)
        return [(socket.AF_INET6, 0, 0, "", ("2606:2800:220:1::1", 8443, 0, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    check_url("https://open.example:8443/hook?a=b", private=False)
    target = target_of("https://open.example:8443/hook?a=b", private=False)
    assert target.url == "https://[2606:2800:220:1::1]:8443/hook?a=b"
    assert (target.host, target.host_header) == ("open.example", "open.example:8443")
