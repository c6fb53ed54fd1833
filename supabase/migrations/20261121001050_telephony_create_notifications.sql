-- Messages to an organization's members, and its activity log.

create table public.notifications (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations (id) on delete cascade,
    kind text not null,
    title text not null,
    body text not null default '',
    data jsonb not null default '{}',
    read_at timestamptz,
    created_at timestamptz not null default now()
);
comment on table public.notifications is 'Messages to the members of an organization.';

create index notifications_organization_id_idx on public.notifications (organization_id, created_at desc);

create table public.activity_logs (
    id bigint generated always as identity primary key,
    organization_id uuid not null references public.organizations (id) on delete cascade,
    actor_id uuid,
    action text not null,
    subject text not null,
    data jsonb not null default '{}',
    created_at timestamptz not null default now()
);
comment on table public.activity_logs is 'Actions on an organization''s objects, and who took them.';

create index activity_logs_organization_id_idx on public.activity_logs (organization_id, created_at desc);
