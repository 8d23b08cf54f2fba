"""Which language a page speaks, and the catalogues of what it says."""

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALES = Path(__file__).parent / "locales"
LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh_CN": "中文"})
COOKIE = "lang"
_ALIASES = {"zh": "zh_CN", "en": "en"}


def choose(cookie: str | None, account: str | None, accepted: str, default: str) -> str:
    """Give the language of a page.

    The switch on this very browser counts first, then the account's language, then what the browser accepts (an
    Accept-Language header), then the installation's default.
    """
    for wish in (cookie, account):
        if wish and (known := _known([wish])):
            return known
    return _known(_by_preference(accepted)) or _known([default]) or "en"


def _known(wishes: list[str]) -> str | None:
    return negotiate_locale([wish.replace("-", "_") for wish in wishes], list(LANGUAGES), aliases=_ALIASES)


def _by_preference(header: str) -> list[str]:
    weighted: list[tuple[float, int, str]] = []
    for position, entry in enumerate(header.split(",")):
        tag, _, parameter = entry.strip().partition(";")
        quality = parameter.strip().removeprefix("q=") if parameter else "1"
        try:
            weight = float(quality)
        except ValueError:
            continue  # a browser that writes this asks for nothing we could give
        if tag and weight > 0:
            # zh-Hans-CN and zh-TW fall back to the one Chinese that is written here.
            weighted.append((-weight, position, tag if tag.lower() != "zh" and "zh" not in tag.lower() else "zh_CN"))
    return [tag for _, _, tag in sorted(weighted)]


@cache
def catalogue(language: str) -> Translations:
    """Read a language's catalogue; compiled in memory, so no compiled file lies beside its source."""
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        source = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, source)
    compiled.seek(0)
    return Translations(compiled)
