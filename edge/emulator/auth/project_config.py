"""The service's settings in a project's stack: [auth] of config.toml, with the stack's keys."""

from dataclasses import replace

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.gotrue_environment import read_environment
from edge.project.settings import Settings


def read_auth_config(settings: Settings) -> AuthConfig:
    """Return the settings; raises EdgeError for a wrong one.

    Limits on all requests of a client address apply with `--limits hosted` only: the CLI's gateway
    hands GoTrue no address either. Failed attempts are limited unless `--limits off`.
    """
    url = f"{settings.api_url}/auth/v1"
    stack = {"GOTRUE_JWT_SECRET": settings.jwt_secret, "API_EXTERNAL_URL": url}
    config = read_environment({**settings.config.auth, **stack})
    return replace(
        config,
        keys=settings.signing_keys,
        sms=replace(config.sms, autoconfirm=config.phone_enabled and config.sms.autoconfirm),
        rate_limits=replace(
            config.rate_limits,
            by_address=settings.limits == "hosted",
            attempts=settings.limits != "off",
        ),
    )
