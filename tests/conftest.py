"""Options of the tests, and the same random examples on every run; ``XIANCE_FUZZ=1`` draws new ones."""

import os
from collections.abc import Iterator

import pytest
from engines_fixture import every_engine, fresh_engine, postgres_server, spark_cluster, spark_session, together
from hypothesis import settings

__all__ = ["every_engine", "fresh_engine", "postgres_server", "spark_cluster", "spark_session"]

settings.register_profile("fixed", derandomize=True)
if not os.environ.get("XIANCE_FUZZ"):
    settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the results on the pages in tests/stages")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    together(items)


@pytest.fixture(autouse=True, scope="session")
def no_copies_of_documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Documents that the person at the keyboard has attached must not show in what tests print."""
    kept = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data"))
    yield
    if kept is None:
        del os.environ["XDG_DATA_HOME"]
    else:
        os.environ["XDG_DATA_HOME"] = kept
