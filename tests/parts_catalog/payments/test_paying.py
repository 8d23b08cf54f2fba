"""Which providers an installation offers, by its settings."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from forecourt.paying import new_paying
from forecourt.settings import Settings
from foundation.database import Database
from tests.parts_catalog.payments.senders import API_KEY, AlipaySender, WeChatSender, keys


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    texts = {
        "wechat_pay_private_key": keys("our wechat").private_pem,
        "wechat_pay_api_key": f"{API_KEY}\n",
        "wechat_pay_public_key": keys("wechat").public_pem,
        "alipay_private_key": keys("our alipay").private_pem,
        "alipay_public_key": keys("alipay").public_pem,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "ascii")
    return {
        "data": tmp_path,
        "public_url": "https://house.example",
        "wechat_pay_merchant": WeChatSender.merchant,
        "wechat_pay_app": WeChatSender.app,
        "wechat_pay_certificate_serial": "SERIAL",
        "wechat_pay_public_key_id": WeChatSender.key_id,
        "alipay_app": AlipaySender.app,
        **{name: tmp_path / name for name in texts},
    }


def offered(database: Database, **given: Any) -> set[str]:
    return set(new_paying(Settings(**given), database).providers)


def test_the_sandbox_is_offered_until_a_real_provider_is_set_up(database: Database, files: dict[str, Any]) -> None:
    assert offered(database, data=files["data"]) == {"sandbox"}
    assert offered(database, data=files["data"], payment_sandbox=False) == set()
    assert offered(database, **files) == {"wechat_pay", "alipay"}
    assert offered(database, **files, payment_sandbox=True) == {"wechat_pay", "alipay", "sandbox"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"alipay_public_key": None}, "FORECOURT_ALIPAY_PUBLIC_KEY"),
        ({"wechat_pay_api_key": None}, "FORECOURT_WECHAT_PAY_API_KEY"),
        ({"public_url": "http://house.example"}, "https://"),
        ({"public_url": None}, "https://"),
    ],
)
def test_a_provider_is_set_up_wholly_or_not_at_all(files: dict[str, Any], changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(**files | changes)
