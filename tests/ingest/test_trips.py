"""Trip files: every value of every form comes back, and trips are placed and split by one rule."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from foundation.refusals import Invalid
from ingest.readings import TripColumns
from ingest.trips import lay_out, read_trip, split_trips, write_trip

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
NAN = np.nan


def trip(start: datetime | None = None, t_s: list[float] | None = None, **signals: list[float]) -> TripColumns:
    t_s = [0.0, 1.0, 2.5] if t_s is None else t_s
    columns = {name: np.array(values, np.float32) for name, values in signals.items()}
    return TripColumns("", "t", start, np.array(t_s), columns)


def same(left: TripColumns, right: TripColumns) -> None:
    assert left.start == right.start
    np.testing.assert_array_equal(left.t_s, right.t_s)
    assert sorted(left.signals) == sorted(right.signals)
    for name, values in left.signals.items():
        np.testing.assert_array_equal(values, right.signals[name])


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("start", [None, START])
def test_parquet_gives_back_what_was_written(tmp_path: Path, start: datetime | None, long: bool) -> None:
    wide = trip(start, engine_speed=[812, NAN, 805.25], time_with_mil=[0, 0, 0], coolant_temperature=[NAN, 35, 36])
    write_trip(wide, tmp_path / "t.parquet", long=long)
    found = read_trip(tmp_path / "t.parquet")
    same(found.columns, wide)
    assert found.unknown_columns == []


def test_several_values_of_one_signal_at_one_time_are_all_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t_s,signal,value\n1,engine_speed,800\n0,engine_speed,1\n1,engine_speed,900\n")
    columns = read_trip(tmp_path / "t.csv").columns
    assert columns.t_s.tolist() == [0, 1, 1]
    assert columns.signals["engine_speed"].tolist() == [1, 800, 900]


@pytest.mark.parametrize("header", ["t_s,engine_speed,coolant_temperature", "t_s,engine_speed,coolant_temperature,"])
def test_rows_that_end_in_a_comma_do_not_move_the_columns(tmp_path: Path, header: str) -> None:
    (tmp_path / "t.csv").write_text(f"{header}\n0,812,35,\n1,,36,\n")
    columns = read_trip(tmp_path / "t.csv").columns
    same(columns, trip(t_s=[0, 1], engine_speed=[812, NAN], coolant_temperature=[35, 36]))


def test_their_names_are_mapped_and_strangers_reported(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\ufeffTIME, RPM ,Mystery\n2026-11-22T18:00:00+08:00,812,x\n")
    found = read_trip(tmp_path / "t.csv", {"TIME": "time", "RPM": "engine_speed"})
    same(found.columns, trip(START, [0], engine_speed=[812]))
    assert found.unknown_columns == ["Mystery"]
    with pytest.raises(Invalid, match="no signal called rpm"):
        read_trip(tmp_path / "t.csv", {"RPM": "rpm"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header"),
        ("engine_speed\n5\n", "neither"),
        ("t_s,engine_speed\n0,fast\n", "no number"),
        ("t_s,engine_speed\n,5\n", "missing"),
        ("t_s,engine_speed\n0,\n", "holds no reading"),
        ("t_s,engine_speed,engine_speed\n0,1,2\n", "more than one column"),
        ("time,engine_speed\nyesterday,5\n", "no instant"),
        ("t_s,engine_speed\n0,1,\n0,1,2\n", "more than the header"),
        ("t_s,engine_speed\n0,1\n0\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_trip_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(Invalid, match=words):
        read_trip(tmp_path / "t.csv")


def test_a_file_of_another_kind_or_of_noise_is_refused(tmp_path: Path) -> None:
    for name in ("t.txt", "t.parquet"):
        (tmp_path / name).write_bytes(b"\x00\xff noise")
        with pytest.raises(Invalid):
            read_trip(tmp_path / name)


def test_undated_trips_lie_eight_hours_apart_and_the_last_sample_is_at_the_end() -> None:
    laid = lay_out([trip(t_s=[5, 65]), trip(t_s=[0, 30])], end=START)
    assert laid[1].start == START - timedelta(seconds=30)
    assert laid[0].start == START - timedelta(hours=8, seconds=30 + 65)


def test_dated_trips_keep_their_distance() -> None:
    day = timedelta(days=1)
    laid = lay_out([trip(START), trip(START + day)], end=START)
    assert [it.start for it in laid] == [START - day - timedelta(seconds=2.5), START - timedelta(seconds=2.5)]
    assert [it.start for it in lay_out([trip(START), trip(START + day)])] == [START, START + day]
    assert lay_out([trip(t_s=[2, 3])], start=START)[0].start == START - timedelta(seconds=2)


def test_trips_are_laid_out_behind_others() -> None:
    earlier = lay_out([trip(t_s=[0, 10])], start=START)
    assert lay_out([trip()], after=earlier)[0].start == START + timedelta(hours=8, seconds=10)
    assert lay_out([], after=earlier) == []


def test_engine_run_time_that_starts_again_splits_a_trip_with_the_rows_before_the_start() -> None:
    t_s = [float(it) for it in range(0, 400, 20)]
    run_time = [*t_s[:10], *(it - 200 for it in t_s[10:])]
    speed = [800.0] * 9 + [0.0] * 2 + [800.0] * 9
    pieces = split_trips(trip(START, t_s, engine_run_time=run_time, engine_speed=speed))
    assert [len(it.t_s) for it in pieces] == [10, 10]
    assert pieces[1].start == START + timedelta(seconds=200)
    assert pieces[1].t_s[0] == 0


def test_silence_and_a_standing_engine_of_300_s_split_a_trip() -> None:
    assert len(split_trips(trip(None, [0, 1, 301], engine_speed=[800, 800, 800]))) == 2
    assert len(split_trips(trip(None, [0, 1, 300.9], engine_speed=[800, 800, 800]))) == 1
    standing = trip(None, [0.0, 100, 200, 300, 400, 500], engine_speed=[800, 800, 0, 0, 0, 800])
    assert [len(it.t_s) for it in split_trips(standing)] == [5, 1]
    rolling = trip(None, standing.t_s.tolist(), engine_speed=[800, 800, 0, 0, 0, 800], vehicle_speed=[9, 9, 9, 9, 9, 9])
    assert len(split_trips(rolling)) == 1


def test_real_trips_are_read_whole(shared: Path) -> None:
    for path in [
        *sorted((shared / "data/trips/carobd").glob("live1*"))[:3],
        *sorted((shared / "data/trips/kit").glob("*"))[:1],
    ]:
        table, columns = pq.read_table(path), read_trip(path).columns
        expected = len(table) if "signal" in table.column_names else len(table) * (table.num_columns - 1)
        assert sum(int((~np.isnan(it)).sum()) for it in columns.signals.values()) == expected
        assert columns.start is None
        assert len(split_trips(columns)) == 1
