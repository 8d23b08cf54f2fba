"""Boosters at work: matrices by the package's own call, a few rows by LightGBM's single-row fast path.

`Booster.predict` spends most of its time on one row getting ready; the C interface lets us get ready once
(https://lightgbm.readthedocs.io/en/stable/C-API.html, `LGBM_BoosterPredictForMatSingleRowFastInit`).
"""

import ctypes
import threading
import weakref

import lightgbm
import numpy as np
from lightgbm.basic import _LIB, _safe_call  # type: ignore[attr-defined]  # the door that C programs use

from ingest.readings import FloatArray

_FLOAT32, _RAW_SCORE = 0, 1  # C_API_DTYPE_FLOAT32, C_API_PREDICT_RAW_SCORE
_FEW = 8  # rows, from which on a matrix is quicker


class SingleRow:
    """One booster made ready for one row at a time: raw scores, one thread."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster  # the prepared call reads its trees
        self._row = np.zeros(booster.num_feature(), dtype=np.float32)
        self._at = ctypes.c_void_p(self._row.ctypes.data)
        self._length, self._score = ctypes.c_int64(0), ctypes.c_double(0)
        self._out = ctypes.byref(self._length), ctypes.byref(self._score)
        self._ready = ctypes.c_void_p()
        self._alone = threading.Lock()
        self._call = _LIB.LGBM_BoosterPredictForMatSingleRowFast
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,  # noqa: SLF001 - the package gives this call no other door
                ctypes.c_int(_RAW_SCORE), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(_FLOAT32),
                ctypes.c_int32(len(self._row)), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(self._ready),
            )
        )  # fmt: skip
        weakref.finalize(self, _LIB.LGBM_FastConfigFree, self._ready)

    def predict(self, row: FloatArray) -> float:
        """Give the raw score of `row[column]`."""
        with self._alone:
            self._row[:] = row
            if self._call(self._ready, self._at, *self._out):
                raise lightgbm.basic.LightGBMError(_LIB.LGBM_GetLastError().decode())
            return self._score.value


class Trees:
    """A booster that gives raw scores of any number of rows."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self.booster = booster
        self._single = SingleRow(booster)

    def __call__(self, features: FloatArray) -> FloatArray:
        """Give raw scores `[trip]` of `features[trip, column]`."""
        if len(features) <= _FEW:
            return np.array([self._single.predict(row) for row in features], dtype=np.float32)
        return np.asarray(self.booster.predict(features, num_threads=1, raw_score=True), dtype=np.float32)
