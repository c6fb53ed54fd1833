"""The hosted project, as the operators' console calls it: sign-in, the audit, and all else."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

import httpx

_CLAIM: Final = "console"
_LONG_AGO: Final = "1970-01-01T00:00:00+00:00"
_ROLES: Final = ("read", "write")
_TOO_MANY: Final = "There were too many attempts: wait a while."
_TIMEOUT: Final = httpx.Timeout(30.0, read=120.0)


class SignInError(Exception):
    """A sign-in that is refused; the text is for the person."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A user with `app_metadata.console`: "read" or "write"."""

    id: str
    email: str
    may_write: bool


@dataclass(slots=True)
class Project:
    """The project at `url`; `functions_url` is where its functions are, if elsewhere."""

    url: str
    publishable_key: str
    secret_key: str
    functions_url: str = ""
    client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    @property
    def secret_headers(self) -> dict[str, str]:
        """The headers of calls with the secret key."""
        return {"apikey": self.secret_key, "authorization": f"Bearer {self.secret_key}"}

    def address(self, path: str) -> str:
        """Return where a path is served."""
        is_function = path.startswith("/functions/v1/")
        return (self.functions_url if is_function and self.functions_url else self.url) + path

    async def sign_in(self, email: str, password: str, code: str) -> Operator:
        """Return the operator. Raises SignInError for all others, httpx.HTTPError.

        The code may have spaces, as authenticators show it.
        """
        code = "".join(code.split())
        body = {"email": email, "password": password}
        query = {"grant_type": "password"}
        answer = await self._auth("POST", "/token", json=body, params=query)
        if answer.status_code == 429:
            raise SignInError(_TOO_MANY)
        if answer.is_server_error:
            answer.raise_for_status()
        if answer.is_error:
            raise SignInError("The address or the password is wrong.")
        found = answer.json()
        operator = operator_of(found["user"])
        if operator is None:
            raise SignInError("This user is no operator.")
        await self._check_factor(found["user"], found["access_token"], code)
        return operator

    async def find(self, user_id: str) -> Operator | None:
        """Return the operator as of now; None for a user who is one no longer.

        Raises httpx.HTTPError if Auth does not say.
        """
        answer = await self.client.get(
            f"{self.url}/auth/v1/admin/users/{user_id}", headers=self.secret_headers
        )
        if answer.status_code == 404:
            return None
        return operator_of(answer.raise_for_status().json())

    async def record(self, operator: Operator, action: str, target: str, **details: Any) -> None:
        """Record an action, before it is done. Raises httpx.HTTPError."""
        body = {
            "p_operator_id": operator.id,
            "p_operator_email": operator.email,
            "p_action": action,
            "p_target": target[:2000],
            "p_details": details,
        }
        url = f"{self.url}/rest/v1/rpc/record_console_action_v1"
        answer = await self.client.post(url, json=body, headers=self.secret_headers)
        answer.raise_for_status()

    async def _check_factor(self, user: dict[str, Any], token: str, code: str) -> None:
        """Ask for the code of a user who has a second factor."""
        verified = [f for f in user.get("factors") or () if f.get("status") == "verified"]
        factors = [f for f in verified if f.get("factor_type") == "totp"]
        if not verified:
            return
        if not factors:
            raise SignInError("Your second factor is no authenticator app: enrol one as well.")
        if not code:
            raise SignInError("Enter the code of your authenticator as well.")
        for factor in factors:
            if await self._is_code_of(factor, token, code):
                return
        raise SignInError("The code is wrong, or no longer valid.")

    async def _is_code_of(self, factor: dict[str, Any], token: str, code: str) -> bool:
        path = f"/factors/{factor['id']}"
        challenge = await self._auth("POST", f"{path}/challenge", token)
        if challenge.status_code == 429:
            raise SignInError(_TOO_MANY)
        body = {"challenge_id": challenge.raise_for_status().json()["id"], "code": code}
        verified = await self._auth("POST", f"{path}/verify", token, json=body)
        if verified.status_code == 429:
            raise SignInError(_TOO_MANY)
        if verified.is_server_error:
            verified.raise_for_status()
        return verified.is_success

    async def _auth(
        self, method: str, path: str, token: str = "", **options: Any
    ) -> httpx.Response:
        headers = {"apikey": self.publishable_key}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return await self.client.request(
            method, f"{self.url}/auth/v1{path}", headers=headers, **options
        )


def operator_of(user: dict[str, Any]) -> Operator | None:
    """Return what a user may do here; None if that is nothing."""
    role = cast("dict[str, Any]", user.get("app_metadata") or {}).get(_CLAIM)
    banned_until = datetime.fromisoformat(user.get("banned_until") or _LONG_AGO)
    if role not in _ROLES or banned_until > datetime.now(UTC):
        return None
    return Operator(str(user["id"]), str(user.get("email") or user["id"]), role == "write")
