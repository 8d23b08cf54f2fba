"""Templates to HTML: one Jinja environment per language, everything escaped unless it is markup of ours."""

from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecourt.pages import filters, labels, refusals_said, repair_labels
from forecourt.pages.language import LANGUAGES, catalogue
from forecourt.pages.menu import places
from forecourt.pages.trade import shop_labels

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(language: str) -> Environment:
    # A misspelt name in a template is a fault, not an empty place on the page.
    built = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters.install(built)
    catalogue_ = catalogue(language)
    built.install_gettext_callables(catalogue_.gettext, catalogue_.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    built.globals.update(languages=LANGUAGES, places=places, labels=labels, shop_labels=shop_labels)
    built.globals.update(repair_labels=repair_labels, vague=refusals_said.VAGUE)
    built.filters["headline"] = partial(refusals_said.headline, catalogue_.gettext)
    built.filters["reason"] = partial(refusals_said.reason, catalogue_.gettext, language)
    return built


def render(language: str, template: str, **context: Any) -> str:
    return environment(language).get_template(template).render(language=language, **context)
