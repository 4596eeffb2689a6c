"""The fixtures of every suite that runs the function's binary with DynamoDB Local; each suite imports them by name."""

import os
import shutil

import pytest

from dynamodb_local import DynamoDbLocal, OtherStore
from items import TABLES, Items
from lambda_runtime import BINARY


def pytest_sessionstart(session):
    """Ends the run if a part is missing, because a suite that skips tests silently would look green for years."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if not os.access(BINARY, os.X_OK):
        missing.append(f"the function's release binary ({BINARY}; FUNCTION_BINARY names another)")
    if missing:
        pytest.exit(f"NOT RUN, missing: {', '.join(missing)}", returncode=3)


@pytest.fixture(scope="session")
def dynamodb():
    # tests/real/stores names other implementations of the API.
    url = os.environ.get("STORE_URL")
    local = OtherStore(url) if url else DynamoDbLocal()
    for table, key in TABLES.items():
        local.create_table(table, key)
    yield local
    local.stop()


@pytest.fixture
def items(dynamodb):
    items = Items(dynamodb.client)
    yield items
    items.forget()
