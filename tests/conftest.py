import pg_server
import pytest
from secret_scan import NAME, SecretScan

from aiomusic import _redact


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SecretScan(), NAME)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# How long a test may take, in seconds, where nothing else is said.
MAX_TEST_S = 240


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    # pytest-timeout is in the group dev; without it, the suite runs all the same.
    if config.pluginmanager.hasplugin("timeout") and not config.getoption("timeout"):
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(MAX_TEST_S))


def pytest_sessionfinish() -> None:
    pg_server.stop_running()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let property tests make any text, though what is kept hides the tests' keys."""
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        _redact._secrets.clear()
