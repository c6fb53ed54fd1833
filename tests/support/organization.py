"""An organization with an agent and a number, its members and campaigns, for tests of dialling."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Json

ALWAYS = {"opens_at": "00:00", "closes_at": "24:00", "calling_days": [1, 2, 3, 4, 5, 6, 7]}


@dataclass(frozen=True, slots=True)
class Organization:
    """Its rows in the database; everything is written as the superuser."""

    connection: psycopg.Connection
    id: str
    agent_id: str
    phone_number_id: str

    def add_member(self, role: str) -> str:
        """A new user with this role; the user's id."""
        user_id = str(uuid4())
        self.connection.execute(
            "insert into auth.users (id, created_at) values (%s, now())", (user_id,)
        )
        self.connection.execute(
            "insert into public.profiles (id, organization_id, role) values (%s, %s, %s)",
            (user_id, self.id, role),
        )
        return user_id

    def add_campaign(self, **columns: Any) -> str:
        """An active campaign at all hours unless said otherwise; its id."""
        values = {
            "organization_id": self.id,
            "agent_id": self.agent_id,
            "phone_number_id": self.phone_number_id,
            "name": "Spring",
            "status": "active",
            **ALWAYS,
            **columns,
        }
        names = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        return scalar(
            self.connection,
            f"insert into public.call_campaigns ({names}) values ({places}) returning id::text",
            values,
        )

    def add_contacts(self, campaign_id: str, phones: Sequence[str], **columns: Any) -> list[int]:
        """Contacts due now; their ids."""
        return [self._add_contact(campaign_id, phone, columns) for phone in phones]

    def _add_contact(self, campaign_id: str, phone: str, columns: dict[str, Any]) -> int:
        values = {
            "campaign_id": campaign_id,
            "organization_id": self.id,
            "phone": phone,
            "time_zones": ["UTC"],
            "next_attempt_at": "2020-01-01T00:00Z",
            **columns,
        }
        names = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        return scalar(
            self.connection,
            f"insert into public.campaign_contacts ({names}) values ({places}) returning id",
            values,
        )

    def set_pace(self, **columns: Any) -> None:
        """Limits that do not get in the way unless said otherwise."""
        values = {"current_limit": 1000, "calls_per_second": 1000, "tokens": 1000, **columns}
        names = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        self.connection.execute(
            "delete from public.dial_pace where organization_id = %s", (self.id,)
        )
        insert = (
            f"insert into public.dial_pace (organization_id, {names})"
            f" values (%(organization_id)s, {places})"
        )
        self.connection.execute(insert.encode(), {"organization_id": self.id, **values})


def create_organization(connection: psycopg.Connection, number: str) -> Organization:
    """A new organization that calls from `number`, at a pace that does not get in the way."""
    organization_id = scalar(
        connection, "insert into public.organizations (name) values ('Acme') returning id::text"
    )
    agent_id = scalar(
        connection,
        "insert into public.agents (organization_id, name, retell_agent_id)"
        " values (%s, 'Ada', 'agent_ada') returning id::text",
        (organization_id,),
    )
    phone_number_id = scalar(
        connection,
        "insert into public.phone_numbers (organization_id, phone_number, is_primary)"
        " values (%s, %s, true) returning id::text",
        (organization_id, number),
    )
    organization = Organization(connection, organization_id, agent_id, phone_number_id)
    organization.set_pace()
    return organization


def scalar(connection: psycopg.Connection, statement: str, values: Any = ()) -> Any:
    """The one value that the statement returns."""
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def rows(connection: psycopg.Connection, statement: str, values: Any = ()) -> list[dict[str, Any]]:
    """The statement's rows as dictionaries."""
    cursor = connection.execute(statement.encode(), values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@contextmanager
def signed_in(connection: psycopg.Connection, user_id: str) -> Generator[None]:
    """Be this user to the database, as the data API makes one; nothing done so stays."""
    claims = {"sub": user_id, "role": "authenticated"}
    with connection.transaction(force_rollback=True):
        connection.execute(
            "select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),)
        )
        connection.execute("set local role authenticated")
        yield


def as_json(value: Any) -> Json:
    """A parameter for a jsonb column."""
    return Json(value)
