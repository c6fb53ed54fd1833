"""GET /health, /settings and /.well-known/jwks.json: the public description of the service.

Follows supabase/auth (internal/api/settings.go, jwks.go).
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_PROVIDERS: Final = (
    "anonymous_users",
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "kakao",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "phone",
    "slack",
    "slack_oidc",
    "spotify",
    "twitch",
    "twitter",
    "workos",
    "zoom",
)


async def show_health(request: Request) -> Response:
    del request
    description = "GoTrue is a user registration and authentication API"
    return JSONResponse({"version": "local", "name": "GoTrue", "description": description})


async def show_settings(request: Request) -> Response:
    del request
    settings = {
        "external": dict.fromkeys(_PROVIDERS, False) | {"email": True},
        "disable_signup": False,
        "mailer_autoconfirm": True,
        "phone_autoconfirm": False,
        "sms_provider": "",
        "saml_enabled": False,
    }
    return JSONResponse(settings)


async def show_keys(request: Request) -> Response:
    """Return no keys: tokens are signed with the shared secret, so clients verify by GET /user."""
    del request
    return JSONResponse({"keys": []}, headers={"cache-control": "public, max-age=600"})
