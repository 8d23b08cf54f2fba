"""Money: integer minor units with an ISO 4217 code; no floats anywhere."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

from foundation.refusals import Invalid


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`amount` in minor units (fen, cent) of `currency`."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int):
            raise Invalid(f"money is counted in whole minor units, not {self.amount!r}", why="no_money")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise Invalid(f"{self.currency!r} is no ISO 4217 code", why="no_money")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise Invalid(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def times(self, numerator: int, denominator: int = 1) -> "Money":
        """Multiply by a fraction and round half up to the minor unit (half away from zero)."""
        scaled, sign = abs(self.amount * numerator), 1 if self.amount * numerator * denominator >= 0 else -1
        return Money(sign * ((2 * scaled + abs(denominator)) // (2 * abs(denominator))), self.currency)

    def to_json(self) -> dict[str, int | str]:
        return {"amount": self.amount, "currency": self.currency}

    def text(self, locale: str) -> str:
        """Write the amount the way `locale` writes it, such as ¥123.45."""
        return format_currency(Decimal(self.digits()), self.currency, locale=locale)

    def digits(self) -> str:
        """Write the amount in major units as programs read it, such as 123.45."""
        exponent = get_currency_precision(self.currency)
        whole, rest = divmod(abs(self.amount), 10**exponent)
        written = f"{whole}.{rest:0{exponent}d}" if exponent else str(whole)
        return f"-{written}" if self.amount < 0 else written


def total(amounts: list[Money], currency: str) -> Money:
    """Sum amounts of one currency; an empty list is zero of `currency`."""
    result = Money(0, currency)
    for amount in amounts:
        result += amount
    return result
