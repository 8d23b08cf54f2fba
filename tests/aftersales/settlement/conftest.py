"""What the tests of settlement stand on."""

import pytest

from tests.aftersales.settlement.till import Till
from tests.aftersales.voices import Town


@pytest.fixture
def till(street: Town) -> Till:
    return Till(street)
