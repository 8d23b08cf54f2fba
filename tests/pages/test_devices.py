"""The page of devices: fitted with a password that is shown once, heard, given another password, locked out."""

from collections.abc import Callable

import pytest

from foundation.identity import Actor, Role
from ingest import registry
from ingest.archive import Archive
from ingest.intake import Intake
from ingest.topics import Kind
from tests.ingest.wire import document
from tests.pages.conftest import Entrance
from tests.pages.forms import forms_of
from tests.pages.scene import Scene


def shown(text: str) -> list[str]:
    return [it.partition('value="')[2].split('"')[0] for it in text.split("<input readonly")[1:]]


def admits(scene: Scene, device: str, password: str) -> bool:
    with scene.database.unit() as unit:
        return registry.admits(unit, device, password)


def test_a_device_is_registered_heard_renewed_and_locked_out(
    scene: Scene, signed_in: Entrance, archive: Archive
) -> None:
    owner = signed_in(scene.owner)
    form = forms_of(owner.get("/devices").text)["/devices"]
    typed = form | {"vehicle": "car-1", "dialect": "wican", "name": "w-1"}
    made = owner.post("/devices", data=typed)
    assert made.status_code == 200
    settings = shown(made.text)
    user, password, topic = settings[-3:]
    assert (user, topic, admits(scene, "w-1", password)) == ("w-1", "wican/w-1/", True)
    assert password not in owner.post("/devices", data=typed).text  # the same form again makes nothing
    page = owner.get("/devices").text
    assert "w-1" in page
    assert password not in page
    assert "never heard" in page or "尚未收到消息" in page
    Intake(scene.database, archive, "w").process(
        [document(Kind.STATUS, {"online": True}, device="w-1", at=scene.database.clock.now())]
    )
    before, page = page, owner.get("/devices").text
    assert page.count("<time") == before.count("<time") + 1
    again = owner.post("/devices/w-1/password", data=forms_of(page)["/devices/w-1/password"])
    renewed = shown(again.text)[-2]
    assert (admits(scene, "w-1", password), admits(scene, "w-1", renewed)) == (False, True)
    owner.post("/devices/w-1/revoke", data=forms_of(owner.get("/devices").text)["/devices/w-1/revoke"])
    assert not admits(scene, "w-1", renewed)
    assert "/devices/w-1/revoke" not in forms_of(owner.get("/devices").text)


@pytest.mark.parametrize(
    ("dialect", "name", "words"),
    [("torque", "t-1", "/v1/ingest/torque"), ("traccar", "c-1", "/v1/ingest/traccar"), ("forecourt", "", "fc/v1/dev_")],
)
def test_what_is_typed_into_a_device_is_told_for_its_dialect(
    scene: Scene, signed_in: Entrance, dialect: str, name: str, words: str
) -> None:
    owner = signed_in(scene.owner)
    form = forms_of(owner.get("/devices").text)["/devices"]
    made = owner.post("/devices", data=form | {"vehicle": "car-1", "dialect": dialect, "name": name})
    assert any(words in it for it in shown(made.text))


def test_what_cannot_be_registered_is_refused_in_words(
    scene: Scene, signed_in: Entrance, person: Callable[..., Actor]
) -> None:
    owner = signed_in(scene.owner)
    form = forms_of(owner.get("/devices").text)["/devices"]
    for key, typed in enumerate(({"name": "fc-x"}, {"dialect": "none"}, {"name": "a b"})):
        refused = owner.post("/devices", data=form | {"key": f"k{key}", "vehicle": "car-1"} | typed)
        assert (refused.status_code, shown(refused.text)) == (422, [])
    assert owner.post("/devices", data=form | {"key": "k9", "vehicle": "nobody's"}).status_code == 404
    assert signed_in(person(Role.TECHNICIAN)).get("/devices").status_code == 403
    stranger = signed_in(person(Role.OWNER))
    with scene.database.unit() as unit:
        registry.add_device(unit, "car-1", "other-1")
    token = forms_of(owner.get("/devices").text)["/devices/other-1/revoke"]
    mine = next(it for it in forms_of(stranger.get("/account").text).values() if "csrf" in it)
    assert "other-1" not in stranger.get("/devices").text
    assert stranger.post("/devices/other-1/revoke", data=token | {"csrf": mine["csrf"]}).status_code == 404
