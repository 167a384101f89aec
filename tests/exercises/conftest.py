import pytest

from attnlib.exercises import checking


@pytest.fixture(autouse=True)
def no_earlier_attempts():
    """Every test begins at the first hint."""
    checking._failures.clear()
    yield
    checking._failures.clear()


@pytest.fixture(scope="session")
def pieces_of_tests(tmp_path_factory):
    return tmp_path_factory.mktemp("pieces")


@pytest.fixture(autouse=True)
def pieces_apart(pieces_of_tests, monkeypatch):
    """What these tests solve is not kept where chapters, run by nbval, look for pieces."""
    monkeypatch.setenv("ATTNLIB_PIECES", str(pieces_of_tests))
