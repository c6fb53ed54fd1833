"""The OAuth providers: their addresses and scopes, and what their documents say of a user.

Follows supabase/auth (internal/api/provider). A self-hosted provider's `url` replaces its site and
its API.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Document = Mapping[str, Any]
Claims = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Documents:
    """What a provider answered: the profile, or the ID token's claims, and the addresses."""

    profile: Document
    emails: Any = ()


@dataclass(frozen=True, slots=True)
class OAuthProvider:
    """A provider's addresses. Paths are of its site, those of documents of its API.

    Without `token` it has no callback here; without `profile` the ID token describes the user.
    """

    site: str
    authorize: str
    scopes: str
    token: str = ""
    profile: str = ""
    emails: str = ""
    api: str = ""
    exchange_site: str = ""
    """The base of the token endpoint; that of /authorize if it is empty."""
    own_api: str = ""
    """The path of the API of a self-hosted one."""
    is_hosted_only: bool = False
    """Whether GoTrue ignores its `url`."""
    is_basic: bool = False
    """Whether the secret is sent as HTTP Basic authentication, not in the form."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else a request for documents has; `{client_id}` is replaced."""
    has_proof: bool = False
    """Whether a request for the profile proves that we know the secret (appsecret_proof)."""
    read: Callable[[Documents], Claims] = lambda documents: dict(documents.profile)

    def site_of(self, url: str) -> str:
        """Return the base of /authorize."""
        return self._own(url) or self.site

    def token_url_of(self, url: str) -> str:
        return f"{self._own(url) or self.exchange_site or self.site}{self.token}"

    def api_of(self, url: str) -> str:
        """Return the base of the documents."""
        own = self._own(url)
        return f"{own}{self.own_api}" if own else self.api or self.site

    def _own(self, url: str) -> str:
        return "" if self.is_hosted_only else url.removesuffix("/")


def _with_email(claims: Claims, email: object, *, is_verified: bool) -> Claims:
    return claims | {"email": email or "", "email_verified": is_verified}


def _choose(
    claims: Claims, emails: Sequence[Document], address: str, primary: str, verified: str
) -> Claims:
    """Add the primary address, or else the last one."""
    chosen = next((each for each in emails if each.get(primary)), emails[-1] if emails else {})
    return _with_email(claims, chosen.get(address), is_verified=bool(chosen.get(verified)))


def _read_azure(documents: Documents) -> Claims:
    claims = documents.profile
    # An address without the claim is verified: only single tenants issue others.
    is_verified = claims.get("xms_edov", bool(claims.get("email"))) in (True, "true", 1, "1")
    names = {name: claims.get(name) for name in ("sub", "name", "preferred_username")}
    return _with_email(names, claims.get("email"), is_verified=is_verified)


def _read_bitbucket(documents: Documents) -> Claims:
    user = documents.profile
    picture = user["links"]["avatar"]["href"]
    claims = {"sub": user["uuid"], "name": user.get("display_name"), "picture": picture}
    return _choose(claims, documents.emails["values"], "email", "is_primary", "is_confirmed")


def _read_discord(documents: Documents) -> Claims:
    user = documents.profile
    avatar, number = str(user.get("avatar") or ""), str(user.get("discriminator") or "0")
    picture = f"https://cdn.discordapp.com/embed/avatars/{int(number) % 5}.png"
    if avatar:
        suffix = "gif" if avatar.startswith("a_") else "png"
        picture = f"https://cdn.discordapp.com/avatars/{user['id']}/{avatar}.{suffix}"
    claims = {
        "sub": user["id"],
        "name": f"{user['username']}#{number}",
        "full_name": user["username"],
        "picture": picture,
        "custom_claims": {"global_name": user.get("global_name")},
    }
    return _with_email(claims, user.get("email"), is_verified=bool(user.get("verified")))


def _read_facebook(documents: Documents) -> Claims:
    user = documents.profile
    picture = user.get("picture", {}).get("data", {}).get("url")
    claims = {"sub": user["id"], "name": user.get("name"), "picture": picture}
    return _with_email(claims, user.get("email"), is_verified=bool(user.get("email")))


def _read_figma(documents: Documents) -> Claims:
    user = documents.profile
    claims = {"sub": user["id"], "name": user.get("handle"), "picture": user.get("img_url")}
    return _with_email(claims, user.get("email"), is_verified=True)


def _read_fly(documents: Documents) -> Claims:
    user = documents.profile
    claims = {"sub": user["user_id"], "name": user.get("user_name")}
    return _with_email(claims, user.get("email"), is_verified=True)


def _read_github(documents: Documents) -> Claims:
    user = documents.profile
    claims = {
        "sub": user["id"],
        "name": user.get("name"),
        "preferred_username": user["login"],
        "user_name": user["login"],
        "avatar_url": user.get("avatar_url"),
    }
    return _choose(claims, documents.emails, "email", "primary", "verified")


def _read_gitlab(documents: Documents) -> Claims:
    user = documents.profile
    claims = {"sub": user["id"], "name": user.get("name"), "picture": user.get("avatar_url")}
    if user.get("email"):
        return _with_email(claims, user["email"], is_verified=bool(user.get("confirmed_at")))
    return _choose(claims, documents.emails, "email", "primary", "confirmed_at")


def _read_google(documents: Documents) -> Claims:
    user = documents.profile
    claims = {"sub": user["id"], "name": user.get("name"), "picture": user.get("picture")}
    return _with_email(claims, user.get("email"), is_verified=user.get("verified_email") is True)


def _read_kakao(documents: Documents) -> Claims:
    account = documents.profile["kakao_account"]
    named = account.get("profile", {})
    claims = {
        "sub": documents.profile["id"],
        "name": named.get("nickname"),
        "preferred_username": named.get("nickname"),
        "picture": named.get("profile_image_url"),
    }
    is_verified = bool(account.get("is_email_verified") and account.get("is_email_valid"))
    return _with_email(claims, account.get("email"), is_verified=is_verified)


def _read_notion(documents: Documents) -> Claims:
    user = documents.profile["bot"]["owner"]["user"]
    claims = {"sub": user["id"], "name": user.get("name"), "picture": user.get("avatar_url")}
    return _with_email(claims, user["person"]["email"], is_verified=True)


def _read_slack(documents: Documents) -> Claims:
    user = documents.profile
    claims = {
        "sub": user["https://slack.com/user_id"],
        "name": user.get("name"),
        "picture": user.get("picture"),
        "custom_claims": {"https://slack.com/team_id": user.get("https://slack.com/team_id")},
    }
    return _with_email(claims, user.get("email"), is_verified=True)


def _read_spotify(documents: Documents) -> Claims:
    user = documents.profile
    images: Sequence[Document] = user.get("images") or ()
    picture = images[0].get("url") if images else None
    claims = {"sub": user["id"], "name": user.get("display_name"), "picture": picture}
    return _with_email(claims, user.get("email"), is_verified=False)


def _read_twitch(documents: Documents) -> Claims:
    user = documents.profile["data"][0]
    claims = {
        "sub": user["id"],
        "name": user["login"],
        "preferred_username": user["login"],
        "picture": user.get("profile_image_url"),
        "custom_claims": {"type": user.get("type"), "view_count": user.get("view_count")},
    }
    return _with_email(claims, user.get("email"), is_verified=True)


def _read_zoom(documents: Documents) -> Claims:
    user = documents.profile
    names = (user.get("first_name"), user.get("last_name"))
    claims = {
        "sub": user["id"],
        "name": " ".join(str(name) for name in names if name),
        "picture": user.get("pic_url"),
    }
    return _with_email(claims, user.get("email"), is_verified=bool(user.get("verified")))


OAUTH_PROVIDERS: Final = {
    "apple": OAuthProvider(
        "https://appleid.apple.com",
        "/auth/authorize",
        "email name",
        "/auth/token",
        is_hosted_only=True,
    ),
    "azure": OAuthProvider(
        "https://login.microsoftonline.com/common",
        "/oauth2/v2.0/authorize",
        "openid",
        "/oauth2/v2.0/token",
        read=_read_azure,
    ),
    "bitbucket": OAuthProvider(
        "https://bitbucket.org",
        "/site/oauth2/authorize",
        "account email",
        "/site/oauth2/access_token",
        "/2.0/user",
        "/2.0/user/emails",
        api="https://api.bitbucket.org",
        read=_read_bitbucket,
    ),
    "discord": OAuthProvider(
        "https://discord.com",
        "/api/oauth2/authorize",
        "email identify",
        "/api/oauth2/token",
        "/users/@me",
        api="https://discord.com/api",
        own_api="/api",
        read=_read_discord,
    ),
    "facebook": OAuthProvider(
        "https://www.facebook.com",
        "/dialog/oauth",
        "email",
        "/oauth/access_token",
        "/me?fields=email,first_name,last_name,name,picture",
        exchange_site="https://graph.facebook.com",
        api="https://graph.facebook.com",
        has_proof=True,
        read=_read_facebook,
    ),
    "figma": OAuthProvider(
        "https://www.figma.com",
        "/oauth",
        "files:read",
        "/api/oauth/token",
        "/v1/me",
        api="https://api.figma.com",
        read=_read_figma,
    ),
    "fly": OAuthProvider(
        "https://api.fly.io",
        "/oauth/authorize",
        "read",
        "/oauth/token",
        "/oauth/token/info",
        read=_read_fly,
    ),
    "github": OAuthProvider(
        "https://github.com",
        "/login/oauth/authorize",
        "user:email",
        "/login/oauth/access_token",
        "/user",
        "/user/emails",
        api="https://api.github.com",
        own_api="/api/v3",
        read=_read_github,
    ),
    "gitlab": OAuthProvider(
        "https://gitlab.com",
        "/oauth/authorize",
        "read_user",
        "/oauth/token",
        "/api/v4/user",
        "/api/v4/user/emails",
        read=_read_gitlab,
    ),
    "google": OAuthProvider(
        "https://accounts.google.com",
        "/o/oauth2/v2/auth",
        "email profile",
        "/token",
        "/userinfo/v2/me",
        exchange_site="https://oauth2.googleapis.com",
        api="https://www.googleapis.com",
        is_hosted_only=True,
        read=_read_google,
    ),
    "kakao": OAuthProvider(
        "https://kauth.kakao.com",
        "/oauth/authorize",
        "account_email profile_image profile_nickname",
        "/oauth/token",
        "/v2/user/me",
        api="https://kapi.kakao.com",
        read=_read_kakao,
    ),
    "keycloak": OAuthProvider(
        "",
        "/protocol/openid-connect/auth",
        "profile email",
        "/protocol/openid-connect/token",
        "/protocol/openid-connect/userinfo",
    ),
    "linkedin": OAuthProvider(
        "https://api.linkedin.com", "/oauth/v2/authorization", "r_emailaddress r_liteprofile"
    ),
    "linkedin_oidc": OAuthProvider(
        "https://api.linkedin.com",
        "/oauth/v2/authorization",
        "openid email profile",
        "/oauth/v2/accessToken",
        "/v2/userinfo",
    ),
    "notion": OAuthProvider(
        "https://api.notion.com",
        "/v1/oauth/authorize",
        "",
        "/v1/oauth/token",
        "/v1/users/me",
        is_basic=True,
        headers={"notion-version": "2021-08-16"},
        read=_read_notion,
    ),
    "slack": OAuthProvider(
        "https://slack.com", "/oauth/authorize", "identity.basic identity.email"
    ),
    "slack_oidc": OAuthProvider(
        "https://slack.com",
        "/openid/connect/authorize",
        "profile email openid",
        "/api/openid.connect.token",
        "/api/openid.connect.userInfo",
        read=_read_slack,
    ),
    "snapchat": OAuthProvider("https://accounts.snapchat.com", "/accounts/oauth2/auth", "openid"),
    "spotify": OAuthProvider(
        "https://accounts.spotify.com",
        "/authorize",
        "user-read-email",
        "/api/token",
        "/v1/me",
        api="https://api.spotify.com",
        read=_read_spotify,
    ),
    "twitch": OAuthProvider(
        "https://id.twitch.tv",
        "/oauth2/authorize",
        "user:read:email",
        "/oauth2/token",
        "/helix/users",
        api="https://api.twitch.tv",
        headers={"client-id": "{client_id}"},
        read=_read_twitch,
    ),
    "twitter": OAuthProvider("https://api.twitter.com", "/oauth/authenticate", ""),
    "workos": OAuthProvider("https://api.workos.com", "/sso/authorize", ""),
    "x": OAuthProvider(
        "https://x.com",
        "/i/oauth2/authorize",
        "users.email tweet.read users.read offline.access",
    ),
    "zoom": OAuthProvider(
        "https://zoom.us",
        "/oauth/authorize",
        "",
        "/oauth/token",
        "/v2/users/me",
        api="https://api.zoom.us",
        is_basic=True,
        read=_read_zoom,
    ),
}
