"""Options of the tests, and the same random examples on every run; ``XIANCE_FUZZ=1`` draws new ones."""

import os

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True)
if not os.environ.get("XIANCE_FUZZ"):
    settings.load_profile("fixed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the results on the pages in tests/stages")
