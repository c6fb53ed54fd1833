"""Which settings of config.toml are used, and which are reported at the start."""

from pathlib import Path

import pytest

from edge.project.config_document import ConfigDocument
from edge.project.config_keys import USED, describe_keys
from edge.project.config_toml import read_config

_TEMPLATE = """
project_id = "demo"
[api]
enabled = true
port = 54321
schemas = ["public", "graphql_public"]
extra_search_path = ["public", "extensions"]
max_rows = 1000
[api.tls]
enabled = false
[db]
port = 54322
shadow_port = 54320
health_timeout = "2m"
major_version = 17
[db.pooler]
enabled = false
port = 54329
pool_mode = "transaction"
default_pool_size = 20
max_client_conn = 100
[db.migrations]
enabled = true
schema_paths = []
[db.seed]
enabled = true
sql_paths = ["./seed.sql"]
[db.network_restrictions]
enabled = false
allowed_cidrs = ["0.0.0.0/0"]
allowed_cidrs_v6 = ["::/0"]
[realtime]
enabled = true
[studio]
enabled = true
port = 54323
api_url = "http://127.0.0.1"
openai_api_key = "env(OPENAI_API_KEY)"
[inbucket]
enabled = true
port = 54324
[storage]
enabled = true
file_size_limit = "50MiB"
[storage.s3_protocol]
enabled = true
[storage.analytics]
enabled = false
max_namespaces = 5
[auth]
enabled = true
site_url = "http://127.0.0.1:3000"
additional_redirect_urls = ["https://127.0.0.1:3000"]
jwt_expiry = 3600
enable_refresh_token_rotation = true
refresh_token_reuse_interval = 10
enable_signup = true
enable_anonymous_sign_ins = false
enable_manual_linking = false
minimum_password_length = 6
password_requirements = ""
[auth.rate_limit]
email_sent = 2
web3 = 30
[auth.email]
enable_signup = true
double_confirm_changes = true
enable_confirmations = false
secure_password_change = false
max_frequency = "1s"
otp_length = 6
otp_expiry = 3600
[auth.sms]
enable_signup = false
enable_confirmations = false
template = "Your code is {{ .Code }}"
max_frequency = "5s"
[auth.sms.twilio]
enabled = false
account_sid = ""
auth_token = "env(SUPABASE_AUTH_SMS_TWILIO_AUTH_TOKEN)"
[auth.mfa]
max_enrolled_factors = 10
[auth.mfa.totp]
enroll_enabled = false
verify_enabled = false
[auth.external.apple]
enabled = false
client_id = ""
secret = "env(SUPABASE_AUTH_EXTERNAL_APPLE_SECRET)"
redirect_uri = ""
url = ""
skip_nonce_check = false
[auth.web3.solana]
enabled = false
[auth.third_party.firebase]
enabled = false
[auth.oauth_server]
enabled = false
authorization_url_path = "/oauth/consent"
allow_dynamic_registration = false
[edge_runtime]
enabled = true
policy = "per_worker"
inspector_port = 8083
deno_version = 2
[analytics]
enabled = true
port = 54327
backend = "postgres"
[experimental]
orioledb_version = ""
s3_host = "env(S3_HOST)"
s3_secret_key = "env(S3_SECRET_KEY)"
"""


def notes(tmp_path: Path, text: str) -> str:
    path = tmp_path / "supabase" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return "\n".join(read_config(path, {}).notes)


def test_the_cli_s_template_needs_no_line(tmp_path: Path) -> None:
    assert notes(tmp_path, _TEMPLATE) == ""
    path = tmp_path / "supabase" / "config.toml"
    states = {key.name: key.state for key in describe_keys(ConfigDocument.read(path, {}))}
    assert "unknown to this version" not in states.values()
    assert (states["auth.site_url"], states["studio.port"]) == (USED, "there is no Studio")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[api.tls]\nenabled = true", "not used here: api.tls.enabled;"),
        ("[auth]\nfrom_the_future = 1", "not used here: auth.from_the_future;"),
        (
            '[auth.third_party.clerk]\nenabled = true\ndomain = "x"',
            "not used here: auth.third_party.clerk.enabled;",
        ),
        ("[realtime]\nenabled = false", ""),
        ("[studio]\nport = 1\n[analytics]\nenabled = false", ""),
        ('[remotes.staging]\nproject_id = "abcdefghijklmnopqrst"', ""),
        ('[auth]\nsite_url = "env(SITE)"', "names variables that are not set: SITE"),
        (
            '[auth]\nsigning_keys_path = "./keys.json"',
            "auth.signing_keys_path: there is no file ./keys.json",
        ),
    ],
)
def test_what_matters_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    found = notes(tmp_path, text)
    assert said in found
    assert bool(found) == bool(said)


def test_secrets_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[auth]\njwt_secret = "a-secret-of-mine"\n[edge_runtime.secrets]\nKEY = "k"\n'
        '[db.vault]\nv = "v"\n[auth.external.x]\nsecret = "env(S)"\nclient_id = "id"\n'
    )
    shown = {
        k.name: k.value for k in describe_keys(ConfigDocument.read(tmp_path / "config.toml", {}))
    }
    assert shown == {
        "auth.jwt_secret": "(hidden)",
        "edge_runtime.secrets.KEY": "(hidden)",
        "db.vault.v": "(hidden)",
        "auth.external.x.secret": "env(S)",
        "auth.external.x.client_id": "id",
    }
