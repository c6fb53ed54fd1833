"""GET /health, /settings and the well-known documents: the public description of the service.

Follows supabase/auth (internal/api/settings.go, jwks.go).
"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.auth.context import AuthContext
from edge.emulator.auth.errors import OAUTH_SERVER_DISABLED, PASSKEYS_DISABLED, SAML_DISABLED
from edge.emulator.auth.providers import OAUTH_PROVIDERS

VERSION: Final = "v2.195.0"
"""The version of GoTrue that the answers follow."""
_CACHED: Final = {"cache-control": "public, max-age=600"}
_SCOPES: Final = ("openid", "profile", "email", "phone")
_CLAIMS: Final = (
    *("sub", "aud", "iss", "exp", "iat", "auth_time", "nonce", "email", "email_verified"),
    *("phone_number", "phone_number_verified", "name", "picture", "preferred_username"),
    "updated_at",
)


async def show_health(context: AuthContext, request: Request) -> Response:
    del context, request
    description = "GoTrue is a user registration and authentication API"
    return JSONResponse({"version": VERSION, "name": "GoTrue", "description": description})


async def show_settings(context: AuthContext, request: Request) -> Response:
    del request
    config = context.config
    external = {name: False for name in OAUTH_PROVIDERS if name != "x"}
    external |= {name: p.enabled for name, p in config.providers.items() if name in external}
    external |= {
        "anonymous_users": config.anonymous_enabled,
        "email": config.email_enabled,
        "phone": config.phone_enabled,
    }
    settings = {
        "external": external,
        "disable_signup": config.disable_signup,
        "mailer_autoconfirm": config.mail.autoconfirm,
        "phone_autoconfirm": config.sms.autoconfirm,
        "sms_provider": config.sms.provider,
        "saml_enabled": False,
        "saml_private_key_next_configured": True,
        "passkeys_enabled": False,
    }
    return JSONResponse(settings)


async def show_keys(context: AuthContext, request: Request) -> Response:
    """Return the public keys; none if tokens are signed with the shared secret only."""
    del request
    return JSONResponse(context.config.keys.public_document(), headers=_CACHED)


async def show_openid_configuration(context: AuthContext, request: Request) -> Response:
    is_oauth = request.url.path.endswith("oauth-authorization-server")
    if is_oauth and not context.config.oauth_server.enabled:
        raise OAUTH_SERVER_DISABLED.error()
    issuer = context.config.issuer.rstrip("/")
    document: dict[str, Any] = {
        "issuer": context.config.issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
    }
    server = context.config.oauth_server
    if server.enabled and server.dynamic_registration:
        document["registration_endpoint"] = f"{issuer}/oauth/clients/register"
    document |= {
        "scopes_supported": list(_SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "ES256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "none",
        ],
        "claims_supported": list(_CLAIMS),
        "code_challenge_methods_supported": ["S256", "plain"],
    }
    return JSONResponse(document, headers=_CACHED)


async def refuse_saml(context: AuthContext, request: Request) -> Response:
    """Refuse as a project without SAML does."""
    del context, request
    raise SAML_DISABLED.error()


async def refuse_passkeys(context: AuthContext, request: Request) -> Response:
    """Refuse as a project without passkeys does."""
    del context, request
    raise PASSKEYS_DISABLED.error()
