"""GET and POST /callback: sign in the user whom an OAuth provider sends back.

Follows supabase/auth (internal/api/external.go). The provider is asked outside of transactions.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from psycopg.errors import UniqueViolation
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from edge.emulator.auth.context import AuthContext, now
from edge.emulator.auth.errors import (
    CALLBACK_BAD_STATE,
    CALLBACK_EXPIRED,
    CALLBACK_NO_CODE,
    CALLBACK_NO_STATE,
    EXTERNAL_NO_EMAIL,
    IDENTITY_TAKEN,
    PROVIDER_UNSUPPORTED,
    AuthError,
    OAuthError,
)
from edge.emulator.auth.exchange import SignedIn, exchange_code
from edge.emulator.auth.external import ExternalProfile, accept_profile, link_identity
from edge.emulator.auth.flow_state import (
    OAuthFlow,
    claim_oauth_flow,
    delete_flow,
    find_oauth_flow,
    finish_oauth_flow,
)
from edge.emulator.auth.messages import Messenger
from edge.emulator.auth.providers import OAUTH_PROVIDERS
from edge.emulator.auth.redirects import callback_url, with_error, with_query
from edge.emulator.auth.schemas import read_bytes
from edge.emulator.auth.token_response import issue_session, render_redirect
from edge.emulator.auth.user import User

_MAX_FORM: Final = 64 << 10


async def finish_sign_in(context: AuthContext, request: Request) -> Response:
    """Redirect to where the flow was started, with a session, a code or an error."""
    given = await _read_parameters(request)
    flow = await _find_flow(context, given.get("state", ""))
    try:
        target = await _finish(context, request, flow, given)
    except UniqueViolation:  # of two at once that sign in with one identity
        target = with_error(
            flow.referrer or context.config.site_url, IDENTITY_TAKEN.error(), is_in_query=True
        )
    except (AuthError, OAuthError) as exc:
        target = with_error(flow.referrer or context.config.site_url, exc, is_in_query=True)
    return RedirectResponse(target, 302)


async def _read_parameters(request: Request) -> Mapping[str, str]:
    """Return the parameters; a provider that posts a form (Apple) may send them there."""
    if request.method == "GET":
        return request.query_params
    raw = await read_bytes(request, _MAX_FORM)
    return dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=100))


async def _find_flow(context: AuthContext, state: str) -> OAuthFlow:
    if not state:
        raise CALLBACK_NO_STATE.error()
    try:
        flow_id = UUID(state)
    except ValueError as exc:
        raise CALLBACK_BAD_STATE.error() from exc
    async with context.transaction() as connection:
        flow = await find_oauth_flow(connection, flow_id)
    if flow is None or flow.provider_type not in OAUTH_PROVIDERS:
        raise CALLBACK_BAD_STATE.error()
    if (now() - flow.created_at).total_seconds() > context.config.flow_state_seconds:
        raise CALLBACK_EXPIRED.error()
    return flow


async def _finish(
    context: AuthContext, request: Request, flow: OAuthFlow, given: Mapping[str, str]
) -> str:
    """Return the URL to redirect to."""
    if error := given.get("error"):
        raise OAuthError(error, given.get("error_description", ""))
    if not given.get("code"):
        raise CALLBACK_NO_CODE.error()
    signed_in = await _ask(context, flow, given["code"])
    async with context.transaction() as connection:
        if not await claim_oauth_flow(connection, flow.id):
            raise CALLBACK_BAD_STATE.error()
        messenger = Messenger(context, request, connection)
        user = await _accept(messenger, flow, signed_in.profile)
        if isinstance(user, User):
            return await _hand_over(messenger, flow, user, signed_in)
    raise user  # its confirmation mail is committed


async def _ask(context: AuthContext, flow: OAuthFlow, code: str) -> SignedIn:
    name = flow.provider_type
    config = context.config.providers.get(name)
    if config is None or not config.enabled:
        raise PROVIDER_UNSUPPORTED.error(reason="provider is not enabled")
    if not OAUTH_PROVIDERS[name].token:
        raise PROVIDER_UNSUPPORTED.error(reason=f"the callback of {name} is not served here")
    signed_in = await exchange_code(name, config, code, callback_url(context.config, config))
    if not signed_in.profile.email:
        raise EXTERNAL_NO_EMAIL.error()
    return signed_in


async def _accept(
    messenger: Messenger, flow: OAuthFlow, profile: ExternalProfile
) -> User | AuthError:
    if flow.linking_target_id:
        return await link_identity(messenger, flow.linking_target_id, profile)
    return await accept_profile(messenger, profile, is_pkce=flow.auth_code is not None)


async def _hand_over(messenger: Messenger, flow: OAuthFlow, user: User, signed_in: SignedIn) -> str:
    """Return the URL with a code, for which a client that has a challenge gets the session."""
    context, connection = messenger.context, messenger.connection
    target = flow.referrer or context.config.site_url
    access_token, refresh_token = signed_in.access_token, signed_in.refresh_token
    if flow.auth_code:
        await finish_oauth_flow(connection, flow.id, user.id, access_token, refresh_token)
        return with_query(target, {"code": flow.auth_code})
    await delete_flow(connection, flow.id)
    answer = await issue_session(context, connection, messenger.request, user, "oauth")
    tokens = {"provider_token": access_token, "provider_refresh_token": refresh_token}
    return render_redirect(target, answer, **{name: text for name, text in tokens.items() if text})
