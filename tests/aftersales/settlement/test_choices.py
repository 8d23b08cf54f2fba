"""What the customer brings, wants back and signs stands on the sheet."""

from tests.access.repairs import PNG
from tests.aftersales.settlement.till import DONE, Till


def test_his_own_parts_and_his_old_ones_stand_on_the_sheet(till: Till) -> None:
    street, own = till.street, {"parts": [{"name": "Wiper blades", "quantity": 2}]}
    put = street.technician._client.put
    assert put(f"/v1/{till.path}/customer-parts", json={"parts": [{"name": "x"}]}).status_code == 200
    assert put(f"/v1/{till.path}/customer-parts", json=own).status_code == 200
    assert street.owner._client.put(f"/v1/{till.path}/customer-parts", json=own).status_code == 403
    street.owner.post(f"{till.path}/old-parts", {"give_back": False})
    street.advisor.post(f"{till.path}/old-parts", {"give_back": True})
    street.technician.post(f"{till.path}/old-parts", {"give_back": True}, 403)
    assert (till.view["old_parts"], till.view["customer_parts"]) == ("give_back", own["parts"])
    sheet = till.settled()
    assert (sheet["return_old_parts"], sheet["customer_parts"]) == (True, own["parts"])
    assert put(f"/v1/{till.path}/customer-parts", json=own).status_code == 409
    street.owner.post(f"{till.path}/old-parts", {"give_back": False}, 409)


def test_nobody_is_said_to_have_chosen_who_was_not_asked(till: Till) -> None:
    assert till.settled()["return_old_parts"] is None


def test_a_sheet_is_signed_once_by_the_owner_or_at_the_counter(till: Till) -> None:
    street, path = till.street, f"{till.path}/settlement/signature"
    street.owner.post(path, {}, 409)
    till.way(*DONE)
    answer = street.technician._client.post(f"/v1/{till.path}/photos", content=PNG)
    assert answer.status_code == 201
    digest = answer.json()["sha256"]
    till.settle()
    street.owner.post(path, {"given_by": "Li Wei"}, 422)
    street.advisor.post(path, {}, 422)
    street.advisor.post(path, {"given_by": "Li Wei", "signature": "0" * 64}, 404)
    street.technician.post(path, {"given_by": "Li Wei"}, 403)
    signed = street.advisor.post(path, {"given_by": "Li Wei", "signature": digest}, 201)["signature"]
    assert (signed["channel"], signed["given_by"], signed["signature"]) == ("counter", "Li Wei", digest)
    street.owner.post(path, {}, 409)
    till.correct({till.part("belt")["id"]: 0})
    assert street.owner.get(f"{till.path}/settlement")["signature"] is None, "another sheet is signed anew"
    assert street.owner.post(path, {}, 201)["signature"]["channel"] == "app"
