"""Reading forms out of a page the way a browser does, so that tests post what a person would."""

from html.parser import HTMLParser


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None
        self._textarea: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action", ""), {})
        elif self._fields is not None and tag == "input" and "name" in given:
            chosen = given.get("type") not in {"radio", "checkbox"} or "checked" in given
            # Of radios that nobody has chosen the first is taken; a box that is not ticked sends nothing.
            first = given.get("type") == "radio" and given["name"] not in self._fields
            if chosen or first:
                self._fields[given["name"]] = given.get("value", "")
        elif self._fields is not None and tag == "select":
            self._select = given["name"]
        elif self._fields is not None and tag == "option" and self._select is not None:
            if "selected" in given or self._select not in self._fields:
                self._fields[self._select] = given.get("value", "")
        elif self._fields is not None and tag == "textarea":
            self._textarea = given["name"]
            self._fields[self._textarea] = ""

    def handle_data(self, data: str) -> None:
        if self._textarea is not None and self._fields is not None:
            self._fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None


def forms_of(page: str) -> dict[str, dict[str, str]]:
    """Give the forms of a page by their action, with their fields; of radios and options the first, or the chosen."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms
