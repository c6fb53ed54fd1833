"""A separate database with two users per test."""

from uuid import uuid4

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.conversations import Database


@pytest.fixture
def db(cluster: Cluster, database: str) -> Database:
    ann, bob = str(uuid4()), str(uuid4())
    with psycopg.connect(cluster.dsn(database)) as connection:
        connection.execute("insert into auth.users (id) values (%s), (%s)", (ann, bob))
    return Database(cluster.dsn(database), ann, bob)
