"""supabase/config.toml: what is taken from it, and how a mistake is named."""

from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.project.config_toml import ProjectConfig, read_config


def read(tmp_path: Path, text: str, **environ: str) -> ProjectConfig:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return read_config(path, environ)


def test_without_a_file_the_defaults_are_the_supabase_cli_s(tmp_path: Path) -> None:
    config = read_config(tmp_path / "missing", {})

    assert (config.port, config.db_port, config.max_rows) == (54321, 54322, 1000)
    assert (config.policy, config.inspector_port) == ("per_worker", 8083)


def test_the_runtime_s_section_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, '[edge_runtime]\npolicy = "oneshot"\ninspector_port = 5678\n')

    assert (config.policy, config.inspector_port) == ("oneshot", 5678)


def test_secrets_refer_to_the_shell(tmp_path: Path) -> None:
    text = '[edge_runtime.secrets]\nA = "env(OTHER)"\nB = "plain"\nC = "env(MISSING)"\n'

    assert read(tmp_path, text, OTHER="x").secrets == {"A": "x", "B": "plain"}


def test_a_section_changes_no_other(tmp_path: Path) -> None:
    assert read(tmp_path, "[auth.email]\nenable_signup = true\n") == read(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api = 1", "api must be a table"),
        ('[api]\nport = "x"', "api.port must be a whole number"),
        ("[api]\nport = true", "api.port must be a whole number"),
        ("[db]\nport = 70000", "db.port must be a port"),
        ("[api]\nschemas = [1]", "api.schemas must be a list of names"),
        ('[edge_runtime]\npolicy = "fast"', "edge_runtime.policy must be per_worker or oneshot"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EdgeError, match=r"config\.toml: ") as wrong:
        read(tmp_path, text)

    assert said in wrong.value.message


def test_values_come_from_the_shell_and_from_the_project_s_env_files(tmp_path: Path) -> None:
    supabase = tmp_path / "supabase"
    supabase.mkdir()
    (supabase / ".env").write_text("A=supabase\nB=supabase\n")
    (supabase / ".env.local").write_text("B=local\n")
    (tmp_path / ".env").write_text("A=root\nC=root\nD=root\n")
    path = supabase / "config.toml"
    names = "".join(f'{name} = "env({name})"\n' for name in "ABCDE")
    path.write_text(f'[api]\nport = "env(PORT)"\n[edge_runtime.secrets]\n{names}')

    config = read_config(path, {"D": "shell", "PORT": "6000", "SUPABASE_DB_PORT": "6001"})

    assert config.secrets == {"A": "supabase", "B": "local", "C": "root", "D": "shell"}
    assert (config.port, config.db_port) == (6000, 6001)
    assert config.notes == ("supabase/config.toml names variables that are not set: E",)


def test_a_byte_order_mark_and_names_in_capitals_are_read(tmp_path: Path) -> None:
    config = read(
        tmp_path, "\ufeff[API]\nPort = 7000\n[functions.Send_Invite]\nverify_jwt = false\n"
    )

    assert config.port == 7000
    assert config.functions["Send_Invite"].verify_jwt is False


def test_what_the_database_gets(tmp_path: Path) -> None:
    text = (
        '[db.migrations]\nenabled = false\n[db.seed]\nsql_paths = ["a.sql", "b/*.sql"]\n'
        '[db.vault]\nKey = "env(KEY)"\n'
    )
    database = read(tmp_path, text, KEY="k").database

    assert not database.migrations
    assert database.seed_paths == ("a.sql", "b/*.sql")
    assert database.vault == {"Key": "k"}
    assert read(tmp_path, "[db.seed]\nenabled = false").database.seed_paths == ()


def test_buckets_are_read(tmp_path: Path) -> None:
    text = (
        '[storage]\nfile_size_limit = "5MB"\n[storage.buckets.images]\npublic = true\n'
        'file_size_limit = "1KiB"\nallowed_mime_types = ["image/png"]\nobjects_path = "./images"\n'
        "[storage.buckets.empty]\n"
    )
    storage = read(tmp_path, text).storage

    assert storage.file_size_limit == 5 << 20
    assert storage.buckets["images"].file_size_limit == 1024
    assert storage.buckets["images"].objects == tmp_path / "images"
    assert not storage.buckets["empty"].public


@pytest.mark.parametrize("host", ["inbucket", "supabase_inbucket_shop", "supabase_mailpit_shop"])
def test_the_cli_s_own_mailbox_is_no_mail_server(tmp_path: Path, host: str) -> None:
    text = f'[auth.email.smtp]\nhost = "{host}"\nport = 1025\n'

    assert "GOTRUE_SMTP_HOST" not in read(tmp_path, text).auth
    assert "GOTRUE_SMTP_HOST" in read(tmp_path, text.replace(host, "smtp.example.com")).auth


def test_auth_becomes_gotrue_s_variables(tmp_path: Path) -> None:
    text = (
        '[auth]\nsite_url = "https://x.example"\njwt_expiry = 60\nenable_signup = false\n'
        'password_requirements = "letters_digits"\n[auth.email]\nenable_confirmations = true\n'
        '[auth.hook.custom_access_token]\nenabled = true\nuri = "pg-functions://postgres/a/b"\n'
        '[auth.external.google]\nenabled = true\nclient_id = "id"\nsecret = "env(G)"\n'
        '[auth.email.template.invite]\nsubject = "Hi"\ncontent_path = "{template}"\n'
        '[auth.sms.test_otp]\n4152127777 = "123456"\n'
    )
    template = tmp_path / "t.html"
    template.touch()
    text = text.replace("{template}", f"./{tmp_path.name}/t.html")
    auth = read(tmp_path, text, G="s").auth

    assert auth["GOTRUE_SITE_URL"] == "https://x.example"
    assert auth["GOTRUE_JWT_EXP"] == "60"
    assert auth["GOTRUE_DISABLE_SIGNUP"] == "true"
    assert auth["GOTRUE_MAILER_AUTOCONFIRM"] == "false"
    assert auth["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI"] == "pg-functions://postgres/a/b"
    assert auth["GOTRUE_EXTERNAL_GOOGLE_SECRET"] == "s"
    assert auth["GOTRUE_MAILER_SUBJECTS_INVITE"] == "Hi"
    assert auth["GOTRUE_MAILER_TEMPLATES_INVITE"] == str(template.resolve())
    assert auth["GOTRUE_SMS_TEST_OTP"] == "4152127777:123456"
    assert auth["GOTRUE_PASSWORD_REQUIRED_CHARACTERS"].endswith(":0123456789")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[auth]\njwt_secret = "short"', "auth.jwt_secret must be at least 16 characters"),
        ('[auth.email]\nmax_frequency = "soon"', "auth.email.max_frequency must be a duration"),
        ('[storage]\nfile_size_limit = "big"', "storage.file_size_limit must be a size"),
        ("functions = 1", "functions is 1"),
    ],
)
def test_other_wrong_values(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(EdgeError) as wrong:
        read(tmp_path, text)

    assert said in wrong.value.message


def test_a_mail_template_that_is_not_there_is_a_note_and_the_default_is_sent(
    tmp_path: Path,
) -> None:
    config = read(tmp_path, '[auth.email.template.invite]\ncontent_path = "./gone.html"\n')

    assert "GOTRUE_MAILER_TEMPLATES_INVITE" not in config.auth
    assert any(
        "auth.email.template.invite.content_path names no file: ./gone.html" in note
        for note in config.notes
    )
