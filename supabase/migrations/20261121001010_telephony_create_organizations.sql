-- Organizations, their members, and the agents and numbers they call with.

create table public.organizations (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name <> ''),
    created_at timestamptz not null default now()
);
comment on table public.organizations is 'The tenant: members see the rows of their own organization only.';

create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    organization_id uuid not null references public.organizations (id) on delete cascade,
    role text not null default 'viewer' check (role in ('admin', 'manager', 'viewer')),
    email text,
    created_at timestamptz not null default now()
);
comment on table public.profiles is 'The organization and role of a user: admins and managers plan campaigns, viewers read.';

create index profiles_organization_id_idx on public.profiles (organization_id);

-- Security definer: the row policies of every table use it, those of profiles too.
create function public.get_my_org_id() returns uuid
language sql stable security definer set search_path = ''
as $$ select p.organization_id from public.profiles p where p.id = (select auth.uid()) $$;
comment on function public.get_my_org_id() is 'The organization of the signed-in caller; null for anyone else.';

create function public.get_my_role() returns text
language sql stable security definer set search_path = ''
as $$ select p.role from public.profiles p where p.id = (select auth.uid()) $$;
comment on function public.get_my_role() is 'The caller''s role in the organization: admin, manager or viewer; null for anyone else.';

create table public.agents (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null default public.get_my_org_id() references public.organizations (id) on delete cascade,
    name text not null check (name <> ''),
    type text not null default 'sales' check (type in ('sales', 'support', 'appointment', 'survey', 'custom')),
    retell_agent_id text check (retell_agent_id <> ''),
    status text not null default 'active' check (status in ('active', 'inactive', 'draft')),
    created_at timestamptz not null default now(),
    unique (id, organization_id)
);
comment on table public.agents is 'The voice agents that an organization may use, by their ids at the provider.';

create index agents_retell_agent_id_idx on public.agents (retell_agent_id);

create index agents_organization_id_idx on public.agents (organization_id);

create table public.phone_numbers (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null default public.get_my_org_id() references public.organizations (id) on delete cascade,
    phone_number text not null unique check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    retell_inbound_agent_id text,
    is_primary boolean not null default false,
    status text not null default 'active' check (status in ('active', 'inactive')),
    created_at timestamptz not null default now(),
    unique (id, organization_id)
);
comment on table public.phone_numbers is 'The numbers that an organization calls from and is called on.';

create unique index phone_numbers_primary_idx on public.phone_numbers (organization_id) where is_primary;
