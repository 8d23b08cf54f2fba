"""VINs on the command line: decoding, rules, and a car that is registered with one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from forecourt.commands import build
from forecourt.commands.vehicle_of_vin import filled
from foundation.database import Database
from foundation.identity import add_organisation
from ingest.registry import any_vehicle
from ingest.vehicles import VehicleConfig
from parts_catalog.vin import NotAVin
from tests.parts_catalog.vin.vins import made

TESLA = made("LRW", "YGCEK", "L")


@pytest.fixture
def run(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database_url)
    monkeypatch.setenv("FORECOURT_DATA", str(tmp_path))
    with database.unit() as unit:
        add_organisation(unit, "Li", "org_li")
    app = build(["vin", "vehicle", "parts"])

    def invoke(*words: str) -> Result:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (done.output, done.exception)
        return done

    return invoke


def test_a_vin_is_decoded_as_json_and_as_a_table(run):
    decoded = json.loads(run("vin", "decode", TESLA, "--json").stdout)
    assert decoded["fields"]["model_year"]["value"] == 2020
    assert "to ask: What is the car's model line?" in run("vin", "decode", TESLA).stdout


def test_rules_are_taken_after_a_dry_run_and_rejected_rows_are_told(run, tmp_path: Path):
    file = tmp_path / "rules.csv"
    file.write_text("\ufeffwmi,model_line,source\nLRW,Model Y,letter\nLRO,Model Y,letter\n", "utf-8")
    dry = json.loads(run("vin", "rules", str(file), "--dry-run", "--json").stdout)
    assert (dry["rows"], dry["accepted"], dry["rejected"], dry["findings"][0]["line"]) == (2, 1, {"wmi": 1}, 3)
    said = run("vin", "rules", str(file))
    assert said.stdout == "2 rules: 1 taken, 1 rejected\n"
    assert said.stderr.startswith("line 3: wmi:")
    assert json.loads(run("vin", "decode", TESLA, "--json").stdout)["fields"]["model_line"]["value"] == "Model Y"


def test_a_registered_car_gets_what_is_certain_and_the_rest_is_asked(run, database: Database, tmp_path: Path):
    config = tmp_path / "car.json"
    config.write_text('{"model_line": "Model 3"}', "utf-8")
    said = run("vehicle", "add", "car-1", "--organisation", "org_li", "--vin", TESLA, "--config", str(config))
    assert said.stdout == "car-1\n"
    assert "to ask: What is the car's fuel?" in said.stderr
    assert "model line" not in said.stderr
    run("vehicle", "add", "car-2", "--organisation", "org_li", "--vin", made("LSG", "PC52U"))
    with database.unit() as unit:
        assert any_vehicle(unit, "car-1").config.to_json() == {
            "make": "Tesla",
            "model_line": "Model 3",
            "model_year": 2020,
        }
        assert any_vehicle(unit, "car-2").config.to_json() == {}


def test_a_car_whose_check_digit_does_not_agree_is_registered_unread(run, database: Database):
    wrong = TESLA[:8] + ("1" if TESLA[8] != "1" else "2") + TESLA[9:]
    said = run("vehicle", "add", "car-1", "--organisation", "org_li", "--vin", wrong)
    assert said.stderr.startswith("nothing was read from the VIN: the check digit")
    with database.unit() as unit:
        assert any_vehicle(unit, "car-1").config.to_json() == {}


def test_a_new_car_of_north_america_is_typed_again(database: Database):
    right = made("1HG")
    wrong = right[:8] + ("1" if right[8] != "1" else "2") + right[9:]
    with database.unit() as unit:
        with pytest.raises(NotAVin, match="type the VIN again"):
            filled(unit, wrong, VehicleConfig(), new=True)
        assert filled(unit, wrong, VehicleConfig())[1][0].startswith("nothing was read")
        assert filled(unit, "WVWZZZ1KZBW000001", VehicleConfig(), new=True)[1][0].startswith("note: The check digit")


def test_parts_are_found_for_a_car_that_is_not_registered(run):
    said = run("parts", "fit", "--vin", TESLA, "--type", "alternator", "--json")
    assert json.loads(said.stdout) == []
    assert "to ask: What is the car's model line?" in said.stderr
