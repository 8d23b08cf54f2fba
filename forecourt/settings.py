"""Everything that can be set from outside, in one class: environment variables `FORECOURT_*`."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.partitions import PARTITIONS


class Settings(BaseSettings):
    """Settings of one installation; `docs/settings.md` is generated from the descriptions below."""

    model_config = SettingsConfigDict(env_prefix="FORECOURT_", extra="ignore", frozen=True)

    data: Path = Field(
        default=Path("var"), description="Directory for database, archive, broker store, logs and secrets."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL >= 15 as `postgresql://user:password@host/name`; without it, the bundled server.",
    )
    mqtt_url: SecretStr | None = Field(
        default=None,
        description="MQTT 3.1.1 broker as `mqtt://user:password@host:1883`; without it, the bundled broker.",
    )
    archive_url: str | None = Field(
        default=None,
        description="Where readings are archived (a directory, a `file://` URL, or `s3://bucket/prefix`, credentials"
        " from `AWS_*`); without it, `archive` in the data.",
    )
    predictor: Path | None = Field(
        default=None,
        description="Folder of the predictor that judges trips, from `forecourt train --out`; without it, the shipped"
        " one.",
    )
    lang: str = Field(
        default="en", description="Language of pages when neither account nor browser names one: `en`, `zh_CN`."
    )
    http_host: str = Field(default="127.0.0.1", description="Address on which the HTTP service listens.")
    mqtt_host: str = Field(default="127.0.0.1", description="Address on which the bundled broker listens for devices.")
    mqtt_tls_cert: Path | None = Field(
        default=None,
        description="PEM file with the bundled broker's certificate and its chain; with it and its key, devices connect"
        " over TLS only (`mqtts://`).",
    )
    mqtt_tls_key: Path | None = Field(default=None, description="PEM file with the key of that certificate.")
    ingest_workers: int = Field(
        default=1,
        ge=1,
        le=PARTITIONS,
        description="Ingest workers that share the vehicles among them; with a broker of your own it is always one.",
    )
    secure_cookies: bool = Field(
        default=False, description="Set when pages are served over https: cookies are sent there only."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server as `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`, or `console:`,"
        " which writes to the log what would be sent; without it, no mail is sent.",
    )
    sms_url: SecretStr | None = Field(
        default=None,
        description="What text messages are sent by: `console:` writes them to the log; without it, none are sent.",
    )
    mail_from: str = Field(default="forecourt@localhost", description="Address from which mail is sent.")
    public_url: str | None = Field(
        default=None,
        description="Address of this house as the outside reaches it, such as `https://service.example`; payment"
        " providers call back there, and letters have links to it; without it, they have none.",
    )
    payment_sandbox: bool | None = Field(
        default=None,
        description="Offer the payment sandbox, which moves no money; without it, it is offered for as long as no real"
        " provider is set up.",
    )
    wechat_pay_merchant: str | None = Field(
        default=None, description="WeChat Pay: the merchant's number; all of WeChat Pay is set, or nothing."
    )
    wechat_pay_app: str | None = Field(default=None, description="WeChat Pay: the application's id (`wx...`).")
    wechat_pay_certificate_serial: str | None = Field(
        default=None, description="WeChat Pay: serial number of the merchant's certificate."
    )
    wechat_pay_private_key: Path | None = Field(
        default=None, description="WeChat Pay: PEM file with the merchant's private key."
    )
    wechat_pay_api_key: Path | None = Field(default=None, description="WeChat Pay: file with the APIv3 key.")
    wechat_pay_public_key: Path | None = Field(
        default=None,
        description="WeChat Pay: PEM file with WeChat Pay's public key, which its notices are verified by.",
    )
    wechat_pay_public_key_id: str | None = Field(
        default=None, description="WeChat Pay: id of that key (`PUB_KEY_ID_...`)."
    )
    alipay_app: str | None = Field(
        default=None, description="Alipay: the application's id; all of Alipay is set, or nothing."
    )
    alipay_private_key: Path | None = Field(
        default=None, description="Alipay: PEM file with the application's private key."
    )
    alipay_public_key: Path | None = Field(
        default=None,
        description="Alipay: PEM file with Alipay's public key (not the application's), which its notices are verified"
        " by.",
    )
    record_platforms: Path | None = Field(
        default=None,
        description="JSON file that says where workshops report their repairs, by workshop: `province`, `url`,"
        " `company_code`, `company_password`; a workshop that is not in it reports nowhere.",
    )
    webhook_private: bool = Field(
        default=False,
        description="Let webhooks go to private addresses and by plain http, for trials on one machine or one network.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks, with commas between, of proxies whose `X-Forwarded-For` and"
        " `X-Forwarded-Proto` are believed; without any, nobody's.",
    )
    limit_sign_ins_address: int = Field(
        default=20, ge=0, description="Most passwords tried for one e-mail address in 15 minutes; 0: no limit."
    )
    limit_sign_ins_client: int = Field(
        default=100,
        ge=0,
        description="Most passwords and links tried from one network address in 15 minutes; 0: no limit.",
    )
    limit_writes: int = Field(default=3000, ge=0, description="Most writes of one account in a minute; 0: no limit.")
    limit_anonymous: int = Field(
        default=1200,
        ge=0,
        description="Most requests without a valid credential from one network address in a minute; 0: no limit.",
    )
    log_level: str = Field(
        default="info", description="Least level that is logged: `debug`, `info`, `warning`, `error`."
    )
    tick_s: float = Field(
        default=0.25, gt=0, le=5, description="Seconds for which ingest gathers messages into one commit."
    )
    batch_messages: int = Field(default=4000, gt=0, le=8000, description="Most messages in one commit.")
    keep_readings_days: int = Field(default=0, ge=0, description="Days for which readings are kept; 0: for ever.")
    keep_dtcs_days: int = Field(
        default=0, ge=0, description="Days for which reports of trouble codes are kept; 0: for ever."
    )
    keep_rejected_days: int = Field(
        default=30,
        ge=0,
        description="Days for which the payload of a rejected message is kept; it is counted for ever. 0: for ever.",
    )
    keep_keys_days: int = Field(
        default=90,
        ge=0,
        description="Days after the last word of a boot for which each of its messages' keys is kept; 0: for ever.",
    )

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.mqtt_tls_cert is None) != (self.mqtt_tls_key is None):
            raise ValueError("FORECOURT_MQTT_TLS_CERT and FORECOURT_MQTT_TLS_KEY are given together")
        return self

    @model_validator(mode="after")
    def _whole_providers(self) -> Self:
        for provider in ("wechat_pay_", "alipay_"):
            names = [name for name in type(self).model_fields if name.startswith(provider)]
            given = [name for name in names if getattr(self, name) is not None]
            if given and (missing := sorted(set(names) - set(given))):
                raise ValueError(
                    f"set FORECOURT_{missing[0].upper()}, too: of a payment provider all is set, or nothing"
                )
            if given and not (self.public_url or "").startswith("https://"):
                raise ValueError("a payment provider calls back at FORECOURT_PUBLIC_URL, which begins with https://")
        return self

    def sqlalchemy_url(self) -> str | None:
        """Give the external database's URL with the driver that we use, or None for the bundled server."""
        if self.database_url is None:
            return None
        url = self.database_url.get_secret_value()
        scheme, _, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres", "postgresql+psycopg"} else url
