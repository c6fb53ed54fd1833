-- The types, tables and functions of schema auth, as supabase/auth's migrations leave them: names and
-- column order are those of a hosted project's dump. Running it again changes nothing.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('aal_level', $v$'aal1', 'aal2', 'aal3'$v$),
      ('code_challenge_method', $v$'s256', 'plain'$v$),
      ('factor_status', $v$'unverified', 'verified'$v$),
      ('factor_type', $v$'totp', 'webauthn', 'phone'$v$),
      ('oauth_authorization_status', $v$'pending', 'approved', 'denied', 'expired'$v$),
      ('oauth_client_type', $v$'public', 'confidential'$v$),
      ('oauth_registration_type', $v$'dynamic', 'manual'$v$),
      ('oauth_response_type', $v$'code'$v$),
      ('one_time_token_type', $v$
        'confirmation_token', 'reauthentication_token', 'recovery_token', 'email_change_token_new',
        'email_change_token_current', 'phone_change_token'$v$)
    ) as types(name, labels)
  loop
    if to_regtype('auth.' || wanted.name) is null then
      execute format('create type auth.%I as enum (%s)', wanted.name, wanted.labels);
      execute format('alter type auth.%I owner to supabase_auth_admin', wanted.name);
    end if;
  end loop;
end $$;

-- Databases that were created before the other tables were here.
do $$
begin
  if to_regclass('auth.users') is null or exists (
    select from pg_attribute
    where attrelid = to_regclass('auth.users') and attname = 'confirmation_token'
  ) then
    return;
  end if;
  alter table auth.users
    add column invited_at timestamptz,
    add column confirmation_token varchar(255),
    add column confirmation_sent_at timestamptz,
    add column recovery_token varchar(255),
    add column recovery_sent_at timestamptz,
    add column email_change_token_new varchar(255),
    add column email_change varchar(255),
    add column email_change_sent_at timestamptz,
    add column phone_change text default '',
    add column phone_change_token varchar(255) default '',
    add column phone_change_sent_at timestamptz,
    add column email_change_token_current varchar(255) default '',
    add column email_change_confirm_status smallint default 0,
    add column reauthentication_token varchar(255) default '',
    add column reauthentication_sent_at timestamptz;
  drop index auth.users_email_key;
  alter table auth.sessions
    alter column aal drop default,
    alter column aal type auth.aal_level using aal::auth.aal_level,
    alter column refreshed_at type timestamp using refreshed_at at time zone 'UTC',
    add column factor_id uuid,
    add column ip inet,
    add column tag text,
    add column oauth_client_id uuid,
    add column refresh_token_hmac_key text,
    add column refresh_token_counter bigint,
    add column scopes text;
end $$;

create table if not exists auth.users (
  instance_id uuid,
  id uuid not null,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  encrypted_password varchar(255),
  email_confirmed_at timestamptz,
  invited_at timestamptz,
  confirmation_token varchar(255),
  confirmation_sent_at timestamptz,
  recovery_token varchar(255),
  recovery_sent_at timestamptz,
  email_change_token_new varchar(255),
  email_change varchar(255),
  email_change_sent_at timestamptz,
  last_sign_in_at timestamptz,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_super_admin boolean,
  created_at timestamptz,
  updated_at timestamptz,
  phone text,
  phone_confirmed_at timestamptz,
  phone_change text default '',
  phone_change_token varchar(255) default '',
  phone_change_sent_at timestamptz,
  confirmed_at timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current varchar(255) default '',
  email_change_confirm_status smallint default 0,
  banned_until timestamptz,
  reauthentication_token varchar(255) default '',
  reauthentication_sent_at timestamptz,
  is_sso_user boolean default false not null,
  deleted_at timestamptz,
  is_anonymous boolean default false not null,
  constraint users_email_change_confirm_status_check check ((email_change_confirm_status >= 0) and (email_change_confirm_status <= 2)),
  constraint users_pkey primary key (id),
  constraint users_phone_key unique (phone)
);
create table if not exists auth.audit_log_entries (
  instance_id uuid,
  id uuid not null,
  payload json,
  created_at timestamptz,
  ip_address varchar(64) default '' not null,
  constraint audit_log_entries_pkey primary key (id)
);
create table if not exists auth.custom_oauth_providers (
  id uuid default gen_random_uuid() not null,
  provider_type text not null,
  identifier text not null,
  name text not null,
  client_id text not null,
  client_secret text not null,
  acceptable_client_ids text[] default '{}' not null,
  scopes text[] default '{}' not null,
  pkce_enabled boolean default true not null,
  attribute_mapping jsonb default '{}' not null,
  authorization_params jsonb default '{}' not null,
  enabled boolean default true not null,
  email_optional boolean default false not null,
  issuer text,
  discovery_url text,
  skip_nonce_check boolean default false not null,
  cached_discovery jsonb,
  discovery_cached_at timestamptz,
  authorization_url text,
  token_url text,
  userinfo_url text,
  jwks_uri text,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  custom_claims_allowlist text[] default '{}' not null,
  constraint custom_oauth_providers_authorization_url_https check ((authorization_url is null) or (authorization_url ~~ 'https://%')),
  constraint custom_oauth_providers_authorization_url_length check ((authorization_url is null) or (char_length(authorization_url) <= 2048)),
  constraint custom_oauth_providers_client_id_length check ((char_length(client_id) >= 1) and (char_length(client_id) <= 512)),
  constraint custom_oauth_providers_discovery_url_length check ((discovery_url is null) or (char_length(discovery_url) <= 2048)),
  constraint custom_oauth_providers_identifier_format check (identifier ~ '^[a-z0-9][a-z0-9:-]{0,48}[a-z0-9]$'),
  constraint custom_oauth_providers_issuer_length check ((issuer is null) or ((char_length(issuer) >= 1) and (char_length(issuer) <= 2048))),
  constraint custom_oauth_providers_jwks_uri_https check ((jwks_uri is null) or (jwks_uri ~~ 'https://%')),
  constraint custom_oauth_providers_jwks_uri_length check ((jwks_uri is null) or (char_length(jwks_uri) <= 2048)),
  constraint custom_oauth_providers_name_length check ((char_length(name) >= 1) and (char_length(name) <= 100)),
  constraint custom_oauth_providers_oauth2_requires_endpoints check ((provider_type <> 'oauth2') or ((authorization_url is not null) and (token_url is not null) and (userinfo_url is not null))),
  constraint custom_oauth_providers_oidc_discovery_url_https check ((provider_type <> 'oidc') or (discovery_url is null) or (discovery_url ~~ 'https://%')),
  constraint custom_oauth_providers_oidc_issuer_https check ((provider_type <> 'oidc') or (issuer is null) or (issuer ~~ 'https://%')),
  constraint custom_oauth_providers_oidc_requires_issuer check ((provider_type <> 'oidc') or (issuer is not null)),
  constraint custom_oauth_providers_provider_type_check check (provider_type = any (array['oauth2', 'oidc'])),
  constraint custom_oauth_providers_token_url_https check ((token_url is null) or (token_url ~~ 'https://%')),
  constraint custom_oauth_providers_token_url_length check ((token_url is null) or (char_length(token_url) <= 2048)),
  constraint custom_oauth_providers_userinfo_url_https check ((userinfo_url is null) or (userinfo_url ~~ 'https://%')),
  constraint custom_oauth_providers_userinfo_url_length check ((userinfo_url is null) or (char_length(userinfo_url) <= 2048)),
  constraint custom_oauth_providers_pkey primary key (id),
  constraint custom_oauth_providers_identifier_key unique (identifier)
);
create table if not exists auth.flow_state (
  id uuid not null,
  user_id uuid,
  auth_code text,
  code_challenge_method auth.code_challenge_method,
  code_challenge text,
  provider_type text not null,
  provider_access_token text,
  provider_refresh_token text,
  created_at timestamptz,
  updated_at timestamptz,
  authentication_method text not null,
  auth_code_issued_at timestamptz,
  invite_token text,
  referrer text,
  oauth_client_state_id uuid,
  linking_target_id uuid,
  email_optional boolean default false not null,
  constraint flow_state_pkey primary key (id)
);
create table if not exists auth.identities (
  provider_id text not null,
  user_id uuid not null,
  identity_data jsonb not null,
  provider text not null,
  last_sign_in_at timestamptz,
  created_at timestamptz,
  updated_at timestamptz,
  email text generated always as (lower((identity_data ->> 'email'))) stored,
  id uuid default gen_random_uuid() not null,
  constraint identities_pkey primary key (id),
  constraint identities_provider_id_provider_unique unique (provider_id, provider),
  constraint identities_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.instances (
  id uuid not null,
  uuid uuid,
  raw_base_config text,
  created_at timestamptz,
  updated_at timestamptz,
  constraint instances_pkey primary key (id)
);
create table if not exists auth.mfa_factors (
  id uuid not null,
  user_id uuid not null,
  friendly_name text,
  factor_type auth.factor_type not null,
  status auth.factor_status not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  secret text,
  phone text,
  last_challenged_at timestamptz,
  web_authn_credential jsonb,
  web_authn_aaguid uuid,
  last_webauthn_challenge_data jsonb,
  constraint mfa_factors_pkey primary key (id),
  constraint mfa_factors_last_challenged_at_key unique (last_challenged_at),
  constraint mfa_factors_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.mfa_challenges (
  id uuid not null,
  factor_id uuid not null,
  created_at timestamptz not null,
  verified_at timestamptz,
  ip_address inet not null,
  otp_code text,
  web_authn_session_data jsonb,
  constraint mfa_challenges_pkey primary key (id),
  constraint mfa_challenges_auth_factor_id_fkey foreign key (factor_id) references auth.mfa_factors (id) on delete cascade
);
create table if not exists auth.oauth_client_states (
  id uuid not null,
  provider_type text not null,
  code_verifier text,
  created_at timestamptz not null,
  constraint oauth_client_states_pkey primary key (id)
);
create table if not exists auth.oauth_clients (
  id uuid not null,
  client_secret_hash text,
  registration_type auth.oauth_registration_type not null,
  redirect_uris text not null,
  grant_types text not null,
  client_name text,
  client_uri text,
  logo_uri text,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  deleted_at timestamptz,
  client_type auth.oauth_client_type default 'confidential' not null,
  token_endpoint_auth_method text not null,
  constraint oauth_clients_client_name_length check (char_length(client_name) <= 1024),
  constraint oauth_clients_client_uri_length check (char_length(client_uri) <= 2048),
  constraint oauth_clients_logo_uri_length check (char_length(logo_uri) <= 2048),
  constraint oauth_clients_token_endpoint_auth_method_check check (token_endpoint_auth_method = any (array['client_secret_basic', 'client_secret_post', 'none'])),
  constraint oauth_clients_pkey primary key (id)
);
create table if not exists auth.oauth_authorizations (
  id uuid not null,
  authorization_id text not null,
  client_id uuid not null,
  user_id uuid,
  redirect_uri text not null,
  scope text not null,
  state text,
  resource text,
  code_challenge text,
  code_challenge_method auth.code_challenge_method,
  response_type auth.oauth_response_type default 'code' not null,
  status auth.oauth_authorization_status default 'pending' not null,
  authorization_code text,
  created_at timestamptz default now() not null,
  expires_at timestamptz default (now() + '00:03:00') not null,
  approved_at timestamptz,
  nonce text,
  constraint oauth_authorizations_authorization_code_length check (char_length(authorization_code) <= 255),
  constraint oauth_authorizations_code_challenge_length check (char_length(code_challenge) <= 128),
  constraint oauth_authorizations_expires_at_future check (expires_at > created_at),
  constraint oauth_authorizations_nonce_length check (char_length(nonce) <= 255),
  constraint oauth_authorizations_redirect_uri_length check (char_length(redirect_uri) <= 2048),
  constraint oauth_authorizations_resource_length check (char_length(resource) <= 2048),
  constraint oauth_authorizations_scope_length check (char_length(scope) <= 4096),
  constraint oauth_authorizations_state_length check (char_length(state) <= 4096),
  constraint oauth_authorizations_pkey primary key (id),
  constraint oauth_authorizations_authorization_code_key unique (authorization_code),
  constraint oauth_authorizations_authorization_id_key unique (authorization_id),
  constraint oauth_authorizations_client_id_fkey foreign key (client_id) references auth.oauth_clients (id) on delete cascade,
  constraint oauth_authorizations_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.oauth_consents (
  id uuid not null,
  user_id uuid not null,
  client_id uuid not null,
  scopes text not null,
  granted_at timestamptz default now() not null,
  revoked_at timestamptz,
  constraint oauth_consents_revoked_after_granted check ((revoked_at is null) or (revoked_at >= granted_at)),
  constraint oauth_consents_scopes_length check (char_length(scopes) <= 2048),
  constraint oauth_consents_scopes_not_empty check (char_length(trim(both from scopes)) > 0),
  constraint oauth_consents_pkey primary key (id),
  constraint oauth_consents_user_client_unique unique (user_id, client_id),
  constraint oauth_consents_client_id_fkey foreign key (client_id) references auth.oauth_clients (id) on delete cascade,
  constraint oauth_consents_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.one_time_tokens (
  id uuid not null,
  user_id uuid not null,
  token_type auth.one_time_token_type not null,
  token_hash text not null,
  relates_to text not null,
  created_at timestamp default now() not null,
  updated_at timestamp default now() not null,
  constraint one_time_tokens_token_hash_check check (char_length(token_hash) > 0),
  constraint one_time_tokens_pkey primary key (id),
  constraint one_time_tokens_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.schema_migrations (
  version varchar(255) not null,
  constraint schema_migrations_pkey primary key (version)
);
create table if not exists auth.sessions (
  id uuid not null,
  user_id uuid not null,
  created_at timestamptz,
  updated_at timestamptz,
  factor_id uuid,
  aal auth.aal_level,
  not_after timestamptz,
  refreshed_at timestamp,
  user_agent text,
  ip inet,
  tag text,
  oauth_client_id uuid,
  refresh_token_hmac_key text,
  refresh_token_counter bigint,
  scopes text,
  constraint sessions_scopes_length check (char_length(scopes) <= 4096),
  constraint sessions_pkey primary key (id),
  constraint sessions_oauth_client_id_fkey foreign key (oauth_client_id) references auth.oauth_clients (id) on delete cascade,
  constraint sessions_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.mfa_amr_claims (
  session_id uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  authentication_method text not null,
  id uuid not null,
  constraint amr_id_pk primary key (id),
  constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method),
  constraint mfa_amr_claims_session_id_fkey foreign key (session_id) references auth.sessions (id) on delete cascade
);
create table if not exists auth.refresh_tokens (
  instance_id uuid,
  id bigserial not null,
  token varchar(255),
  user_id varchar(255),
  revoked boolean,
  created_at timestamptz,
  updated_at timestamptz,
  parent varchar(255),
  session_id uuid,
  constraint refresh_tokens_pkey primary key (id),
  constraint refresh_tokens_token_unique unique (token),
  constraint refresh_tokens_session_id_fkey foreign key (session_id) references auth.sessions (id) on delete cascade
);
create table if not exists auth.sso_providers (
  id uuid not null,
  resource_id text,
  created_at timestamptz,
  updated_at timestamptz,
  disabled boolean,
  constraint "resource_id not empty" check ((resource_id = null) or (char_length(resource_id) > 0)),
  constraint sso_providers_pkey primary key (id)
);
create table if not exists auth.saml_providers (
  id uuid not null,
  sso_provider_id uuid not null,
  entity_id text not null,
  metadata_xml text not null,
  metadata_url text,
  attribute_mapping jsonb,
  created_at timestamptz,
  updated_at timestamptz,
  name_id_format text,
  constraint "entity_id not empty" check (char_length(entity_id) > 0),
  constraint "metadata_url not empty" check ((metadata_url = null) or (char_length(metadata_url) > 0)),
  constraint "metadata_xml not empty" check (char_length(metadata_xml) > 0),
  constraint saml_providers_pkey primary key (id),
  constraint saml_providers_entity_id_key unique (entity_id),
  constraint saml_providers_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers (id) on delete cascade
);
create table if not exists auth.saml_relay_states (
  id uuid not null,
  sso_provider_id uuid not null,
  request_id text not null,
  for_email text,
  redirect_to text,
  created_at timestamptz,
  updated_at timestamptz,
  flow_state_id uuid,
  constraint "request_id not empty" check (char_length(request_id) > 0),
  constraint saml_relay_states_pkey primary key (id),
  constraint saml_relay_states_flow_state_id_fkey foreign key (flow_state_id) references auth.flow_state (id) on delete cascade,
  constraint saml_relay_states_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers (id) on delete cascade
);
create table if not exists auth.sso_domains (
  id uuid not null,
  sso_provider_id uuid not null,
  domain text not null,
  created_at timestamptz,
  updated_at timestamptz,
  constraint "domain not empty" check (char_length(domain) > 0),
  constraint sso_domains_pkey primary key (id),
  constraint sso_domains_sso_provider_id_fkey foreign key (sso_provider_id) references auth.sso_providers (id) on delete cascade
);
create table if not exists auth.webauthn_challenges (
  id uuid default gen_random_uuid() not null,
  user_id uuid,
  challenge_type text not null,
  session_data jsonb not null,
  created_at timestamptz default now() not null,
  expires_at timestamptz not null,
  constraint webauthn_challenges_challenge_type_check check (challenge_type = any (array['signup', 'registration', 'authentication'])),
  constraint webauthn_challenges_pkey primary key (id),
  constraint webauthn_challenges_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create table if not exists auth.webauthn_credentials (
  id uuid default gen_random_uuid() not null,
  user_id uuid not null,
  credential_id bytea not null,
  public_key bytea not null,
  attestation_type text default '' not null,
  aaguid uuid,
  sign_count bigint default 0 not null,
  transports jsonb default '[]' not null,
  backup_eligible boolean default false not null,
  backed_up boolean default false not null,
  friendly_name text default '' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  last_used_at timestamptz,
  constraint webauthn_credentials_pkey primary key (id),
  constraint webauthn_credentials_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create or replace function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.email() owner to supabase_auth_admin;
grant execute on function auth.jwt(), auth.uid(), auth.role(), auth.email()
  to anon, authenticated, service_role, postgres;
comment on function auth.uid() is 'Deprecated. Use auth.jwt() -> ''sub'' instead.';
comment on function auth.role() is 'Deprecated. Use auth.jwt() -> ''role'' instead.';
comment on function auth.email() is 'Deprecated. Use auth.jwt() -> ''email'' instead.';

-- As on the platform: `postgres` may do everything with the tables but own them, and unqualified
-- names in triggers and hooks that the service runs are looked up in auth.
alter role supabase_auth_admin set search_path = auth;
do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_class c
    where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r'
      and c.relowner <> 'supabase_auth_admin'::regrole
  loop
    execute format('alter table auth.%I owner to supabase_auth_admin', name);
    execute format('grant all on auth.%I to postgres', name);
    execute format('grant select on auth.%I to postgres with grant option', name);
  end loop;
end $$;
grant select on auth.users to service_role;
