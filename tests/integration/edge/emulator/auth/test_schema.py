"""What projects do with schema auth: triggers, foreign keys, seeds and functions."""

import json

from tests.support.auth_service import Auth

TRIGGER = """
set role postgres;
create table public.people (
  id uuid primary key references auth.users on delete cascade, name text
);
create function public.handle_new_user() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.people (id, name) values (new.id, new.raw_user_meta_data ->> 'name');
  return new;
end $$;
create trigger on_auth_user_created after insert on auth.users
  for each row execute function public.handle_new_user();
"""


async def test_a_trigger_of_the_project_makes_profiles(auth: Auth) -> None:
    auth.execute(TRIGGER)

    user = (await auth.sign_up(data={"name": "Ann"}))["user"]

    assert auth.execute("select id::text, name from public.people") == [(user["id"], "Ann")]
    await auth.admin("DELETE", f"/admin/users/{user['id']}")
    assert auth.execute("select count(*) from public.people") == [(0,)]


async def test_a_trigger_that_fails_is_told_and_nothing_is_stored(auth: Auth) -> None:
    auth.execute(TRIGGER)
    auth.execute("drop table public.people")

    answer = await auth("POST", "/signup", {"email": "a@b.co", "password": "correct horse"})

    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_failure")
    assert answer.json()["message"].startswith("Database error saving new user")
    assert auth.execute("select count(*) from auth.users") == [(0,)]


async def test_a_seeded_user_signs_in(auth: Auth) -> None:
    auth.execute(
        """
        set role postgres;
        create extension if not exists pgcrypto with schema extensions;
        insert into auth.users (
          instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
          raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
        values (
          '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated',
          'authenticated', 'seed@example.com',
          extensions.crypt('from a seed', extensions.gen_salt('bf')), now(),
          '{"provider": "email", "providers": ["email"]}', '{}', now(), now())
        """
    )

    answer = await auth.sign_in("seed@example.com", "from a seed")

    assert answer.status_code == 200
    assert answer.json()["user"]["identities"] == []


async def test_the_claims_of_a_request_are_read_by_functions(auth: Auth) -> None:
    user_id = "5f0c2a4e-8d3b-4a6e-9c1f-2b7d8e9f0a1b"
    claims = json.dumps({"sub": user_id, "role": "authenticated", "email": "a@b.co"})
    read = """
    with given as materialized (select set_config('request.jwt.claims', %s, false) as claims)
    select auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'sub' from given
    where claims is not null"""

    assert auth.execute(read, claims) == [(user_id, "authenticated", "a@b.co", user_id)]


async def test_every_table_of_gotrue_is_there_and_is_its_own(auth: Auth) -> None:
    tables = dict(
        auth.execute("select tablename, tableowner from pg_tables where schemaname = 'auth'")
    )

    assert set(tables.values()) == {"supabase_auth_admin"}
    assert {
        *("users", "identities", "sessions", "refresh_tokens", "one_time_tokens", "flow_state"),
        *("mfa_factors", "mfa_challenges", "mfa_amr_claims", "audit_log_entries", "instances"),
        *("oauth_clients", "oauth_authorizations", "oauth_consents", "oauth_client_states"),
        *("sso_providers", "sso_domains", "saml_providers", "saml_relay_states"),
        *("custom_oauth_providers", "webauthn_credentials", "webauthn_challenges"),
        "schema_migrations",
    } == set(tables)
