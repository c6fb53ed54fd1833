"""The users, organizations and characters that the traffic is of."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psycopg

from bench.support.mixed.site import Site
from edge.tokens import mint
from tests.support.organization import Organization, create_organization
from tests.support.talk_tracks.users import User, create_user

_SLIDES: Final = 6
_RESTART_SECONDS: Final = 120.0
CHARACTERS: Final = ("Ada", "Grace", "Emmy")


@dataclass(frozen=True, slots=True)
class People:
    """Who asks: talk-track users double as users of all else; `admin` may do anything."""

    users: tuple[User, ...]
    conversations: tuple[str, ...]
    admin: Mapping[str, str]
    organization_id: str
    agent_id: str
    phone_number_id: str
    model_id: str


def create_people(site: Site, count: int) -> People:
    """Insert them into the project's database."""
    users = tuple(create_user(site.details, _deck()) for _ in range(count))
    with psycopg.connect(site.details["DB_URL"], autocommit=True) as connection:
        # What a lost worker had taken is taken again within seconds, not five minutes.
        connection.execute("update media.queues set visibility_seconds = 10")
        organization = create_organization(connection, "+14155550100")
        conversations = tuple(_add_conversation(connection, user.user_id) for user in users)
        admin_id = str(uuid4())
        connection.execute("insert into auth.users (id) values (%s)", (admin_id,))
        connection.execute(
            "insert into user_roles (user_id, role) values (%s, 'admin')", (admin_id,)
        )
        for name in CHARACTERS:
            connection.execute(
                "insert into characters (user_id, name, description) values (%s, %s, 'A friend.')",
                (admin_id, name),
            )
        row = connection.execute(
            "select id::text from api_models where modality = 'image' and is_default limit 1"
        ).fetchone()
        assert row
        model_id = row[0]
    token = mint(site.details["JWT_SECRET"], "authenticated", sub=admin_id, aud="authenticated")
    admin = {"apikey": site.details["ANON_KEY"], "authorization": f"Bearer {token}"}
    return People(
        users,
        conversations,
        admin,
        organization.id,
        organization.agent_id,
        organization.phone_number_id,
        model_id,
    )


def add_campaign(site: Site, people: People, name: str) -> str:
    """Insert a campaign that may call at any hour, once the database is there; its id."""
    end = time.monotonic() + _RESTART_SECONDS
    while True:
        try:
            with psycopg.connect(site.details["DB_URL"], autocommit=True) as connection:
                organization = Organization(
                    connection, people.organization_id, people.agent_id, people.phone_number_id
                )
                return organization.add_campaign(name=name, status="draft", max_attempts=1)
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def _add_conversation(connection: psycopg.Connection, user_id: str) -> str:
    row = connection.execute(
        "insert into conversations (user_id) values (%s) returning id::text", (user_id,)
    ).fetchone()
    assert row
    return row[0]


def _deck() -> Mapping[str, Any]:
    slides = [
        {"slideNumber": n, "title": f"Step {n}", "description": f"What step {n} gives a customer."}
        for n in range(1, _SLIDES + 1)
    ]
    return {"slides": slides, "total_slides": _SLIDES}
