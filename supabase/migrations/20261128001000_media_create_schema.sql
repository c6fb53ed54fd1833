-- Create the schema of media jobs' internals, and the roles of users.

create extension if not exists pgmq;

-- The data API exposes only `public`. Only service_role may use this schema.
create schema media;
grant usage on schema media to service_role;

create function media.set_updated_at() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    return new;
end;
$$;

create type public.app_role as enum ('admin', 'moderator', 'premium_user', 'basic_user', 'guest');

create table public.user_roles (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    role public.app_role not null,
    created_at timestamptz not null default now(),
    unique (user_id, role)
);
comment on table public.user_roles is 'The roles of a user; admins see all media jobs and settings. service_role alone writes them.';

-- Security definer: row policies of every table use it, those of user_roles too.
create function public.has_role(_user_id uuid, _role public.app_role) returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select from public.user_roles r where r.user_id = _user_id and r.role = _role) $$;
comment on function public.has_role(uuid, public.app_role) is 'Return whether the user has the role.';

create function public.is_admin() returns boolean
language sql stable security definer set search_path = ''
as $$ select exists (select from public.user_roles r where r.user_id = (select auth.uid()) and r.role = 'admin') $$;
comment on function public.is_admin() is 'Return whether the caller has the role admin.';

revoke execute on function public.has_role(uuid, public.app_role), public.is_admin() from public, anon;
grant execute on function public.has_role(uuid, public.app_role), public.is_admin() to authenticated, service_role;
