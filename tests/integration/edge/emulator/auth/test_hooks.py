"""Hooks: Postgres functions and signed HTTP requests, and what they refuse."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.auth.config import HookConfig, MailConfig
from tests.support.auth_service import PASSWORD, SECRET, Auth, Open
from tests.support.serving import HttpServer

HOOK_SECRET = base64.b64encode(b"a secret of the hook").decode()


@dataclass(slots=True)
class Receiver:
    """An HTTP hook: keeps what it gets, and answers as it is told."""

    url: str = ""
    answer: dict[str, Any] = field(default_factory=dict[str, Any])
    requests: list[tuple[dict[str, str], bytes]] = field(
        default_factory=list[tuple[dict[str, str], bytes]]
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    hook = Receiver()

    async def receive(request: Request) -> Response:
        hook.requests.append((dict(request.headers), await request.body()))
        return JSONResponse(hook.answer)

    app = Starlette(routes=[Route("/hook", receive, methods=["POST"])])
    server = HttpServer(app)
    await server.start()
    hook.url = f"{server.url}/hook"
    yield hook
    await server.close()


def function(auth: Auth, name: str, body: str) -> None:
    auth.execute(
        f"create function public.{name}(event jsonb) returns jsonb language plpgsql as $$"
        f" begin {body} end $$"
    )


def pg(name: str) -> HookConfig:
    return HookConfig(f"pg-functions://postgres/public/{name}")


async def test_a_function_adds_claims(open_auth: Open) -> None:
    auth = await open_auth(hooks={"custom_access_token": pg("claims")})
    function(
        auth,
        "claims",
        """return jsonb_build_object('claims', event -> 'claims' || '{"team": "red"}'
             || jsonb_build_object('how', event -> 'authentication_method'));""",
    )

    token = (await auth.sign_up())["access_token"]

    claims = jwt.decode(token, SECRET, ["HS256"], audience="authenticated")
    assert (claims["team"], claims["how"]) == ("red", "password")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("return '{}';", 500, "claims field is missing"),
        ('return \'{"claims": {"sub": 1}}\';', 500, "do not conform"),
        ("raise exception 'no luck';", 500, "no luck"),
        (
            'return \'{"error": {"http_code": 429, "message": "not now"}}\';',
            429,
            "not now",
        ),
        ("perform pg_sleep(10); return '{}';", 422, "within 2.0 seconds"),
    ],
)
async def test_a_function_that_fails(open_auth: Open, body: str, status: int, words: str) -> None:
    auth = await open_auth(hooks={"custom_access_token": pg("claims")})
    function(auth, "claims", body)

    answer = await auth("POST", "/signup", {"email": "ann@example.com", "password": PASSWORD})

    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert auth.execute("select count(*) from auth.users") == [(0,)]


async def test_a_function_refuses_users(open_auth: Open) -> None:
    auth = await open_auth(hooks={"before_user_created": pg("only_ours")})
    function(
        auth,
        "only_ours",
        """if event -> 'user' ->> 'email' like '%@ours.example' then return '{}'; end if;
           return '{"error": {"http_code": 403, "message": "not one of ours"}}';""",
    )

    refused = await auth("POST", "/signup", {"email": "ann@example.com", "password": PASSWORD})

    assert (refused.status_code, refused.json()["message"]) == (403, "not one of ours")
    assert (await auth.sign_up("ann@ours.example"))["user"]["email"] == "ann@ours.example"


async def test_a_function_rejects_passwords(open_auth: Open) -> None:
    auth = await open_auth(hooks={"password_verification_attempt": pg("attempts")})
    function(
        auth,
        "attempts",
        """if (event ->> 'valid')::boolean then return '{"decision": "continue"}'; end if;
           return '{"decision": "reject", "message": "locked"}';""",
    )
    await auth.sign_up()

    assert (await auth.sign_in()).status_code == 200
    assert (await auth.sign_in(password="wrong")).json()["message"] == "locked"


async def test_an_http_hook_gets_a_signed_request(open_auth: Open, receiver: Receiver) -> None:
    hook = HookConfig(receiver.url, (f"v1,whsec_{HOOK_SECRET}",))
    mail = MailConfig(autoconfirm=False)
    auth = await open_auth(hooks={"send_email": hook}, mail=mail)

    await auth("POST", "/signup", {"email": "ann@example.com", "password": PASSWORD})

    ((headers, raw),) = receiver.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    digest = hmac.new(base64.b64decode(HOOK_SECRET), signed, hashlib.sha256).digest()
    body = json.loads(raw)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert body["user"]["email"] == "ann@example.com"
    assert body["email_data"]["email_action_type"] == "signup"
    assert len(body["email_data"]["token"]) == 6
    assert len(auth.mailbox) == 0


async def test_an_http_hook_refuses(open_auth: Open, receiver: Receiver) -> None:
    receiver.answer = {"error": {"http_code": 400, "message": "no mail today"}}
    auth = await open_auth(hooks={"send_email": HookConfig(receiver.url)})

    answer = await auth("POST", "/otp", {"email": "ann@example.com"})

    assert (answer.status_code, answer.json()["message"]) == (400, "no mail today")
