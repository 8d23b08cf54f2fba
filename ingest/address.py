"""Where a broker is and who we are there, as one URL: `mqtt://user:password@host:port`, or `mqtts://` over TLS."""

import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from foundation.refusals import Invalid

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Read a URL; anything else is `Invalid`, without repeating the password."""
        try:
            split = urlsplit(url)
            port = split.port
        except ValueError as error:
            raise Invalid("the MQTT address is no URL") from error
        if split.scheme not in _PORTS or not split.hostname or split.path.strip("/") or split.query:
            raise Invalid("an MQTT address looks like mqtt://user:password@host:port or mqtts://…")
        user = unquote(split.username) if split.username else None
        password = unquote(split.password) if split.password else None
        return cls(split.hostname, port or _PORTS[split.scheme], split.scheme == "mqtts", user, password)


def trusting(certificate: str) -> ssl.SSLContext:
    """Give a TLS context that trusts the first certificate of a PEM text and nothing else, under whatever name."""
    first, _, _ = certificate.partition("-----END CERTIFICATE-----")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the certificate itself is known: who shows it has its key
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=f"{first}-----END CERTIFICATE-----\n")
    return context
