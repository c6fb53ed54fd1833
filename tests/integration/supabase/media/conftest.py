"""A separate database per test, with a user of media jobs."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.media.database import MediaDatabase


@pytest.fixture
def media(cluster: Cluster, database: str) -> Iterator[MediaDatabase]:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        found = MediaDatabase(connection)
        connection.execute("insert into auth.users (id) values (%s)", (found.user_id,))
        yield found
