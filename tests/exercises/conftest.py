import pytest

from attnlib.exercises import checking


@pytest.fixture(autouse=True)
def no_earlier_attempts():
    """Every test begins at the first hint."""
    checking._failures.clear()
    yield
    checking._failures.clear()
