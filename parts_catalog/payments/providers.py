"""The providers there are, one row each, and those that an installation has set up."""

from collections.abc import Mapping
from dataclasses import dataclass

from foundation.refusals import Invalid
from parts_catalog.payments.port import Provider


@dataclass(frozen=True, slots=True)
class Kind:
    """`currencies`: empty is all. `prepared`: the provider has to be asked before anybody can pay."""

    name: str
    en: str
    zh: str
    currencies: frozenset[str]
    prepared: bool


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("sandbox", "Sandbox (no money moves)", "沙箱（不产生真实扣款）", frozenset(), prepared=False),
        Kind("wechat_pay", "WeChat Pay", "微信支付", frozenset({"CNY"}), prepared=True),
        Kind("alipay", "Alipay", "支付宝", frozenset({"CNY"}), prepared=False),
    )
}

Providers = Mapping[str, Provider]


def offered(providers: Providers, name: str) -> Provider:
    """Give the provider of that name; raises `Invalid` for one that this house does not offer."""
    found = providers.get(name)
    if found is None:
        raise Invalid(f"payment by {name} is not offered here", why="payment_not_offered", offered=sorted(providers))
    return found


def kind_of(name: str, currency: str) -> Kind:
    """Give the row of a provider; raises `Invalid` for an unknown one, or one that does not take this currency."""
    kind = KINDS.get(name)
    if kind is None:
        raise Invalid(f"there is no payment provider {name}", why="payment_not_offered")
    if kind.currencies and currency not in kind.currencies:
        raise Invalid(f"{kind.en} does not take {currency}", why="currency_not_taken", told={"currency": currency})
    return kind
