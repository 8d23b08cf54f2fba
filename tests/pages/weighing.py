"""What the first visit to a page costs: every byte that the browser fetches for it, as gzip would send it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Page, Response

MOST_IN_ALL, MOST_SCRIPT = 150_000, 60_000


@dataclass
class Weight:
    """Bytes by address; `script` of them are scripts."""

    in_all: dict[str, int] = field(default_factory=dict)
    script: dict[str, int] = field(default_factory=dict)

    def check(self) -> None:
        assert self.in_all, "nothing was fetched"
        assert sum(self.in_all.values()) <= MOST_IN_ALL, self.in_all
        assert sum(self.script.values()) <= MOST_SCRIPT, self.script


@contextmanager
def weighed(page: Page) -> Iterator[Weight]:
    """Weigh what the page fetches within, also what it has from before; but for its stream, which does not end."""
    weight, answers = Weight(), list[Response]()

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    yield weight
    page.remove_listener("response", note)
    for answer in answers:
        if "event-stream" in answer.headers.get("content-type", "") or answer.request.method != "GET":
            continue
        size = len(gzip.compress(page.request.get(answer.url).body(), mtime=0))
        weight.in_all[answer.url] = size
        if answer.request.resource_type == "script":
            weight.script[answer.url] = size
