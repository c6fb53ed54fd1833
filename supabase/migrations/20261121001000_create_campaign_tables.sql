-- Outbound campaigns: who calls (organization, agent, number), whom (contacts), each dial (attempts), each call, each event.
-- What must never be, two open attempts at a contact or two open calls to a number, no row can say.

create table public.organizations (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name <> ''),
    created_at timestamptz not null default now()
);

create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    organization_id uuid not null references public.organizations (id) on delete cascade,
    role text not null default 'viewer' check (role in ('admin', 'manager', 'viewer')),
    email text,
    created_at timestamptz not null default now()
);

create index profiles_organization_id_idx on public.profiles (organization_id);

-- The organization of the signed-in caller; null for anyone else. Security definer: row policies of
-- every table ask it, that of profiles too.
create function public.get_my_org_id() returns uuid
language sql stable security definer set search_path = ''
as $$ select p.organization_id from public.profiles p where p.id = (select auth.uid()) $$;

create function public.get_my_role() returns text
language sql stable security definer set search_path = ''
as $$ select p.role from public.profiles p where p.id = (select auth.uid()) $$;

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

create unique index phone_numbers_primary_idx on public.phone_numbers (organization_id) where is_primary;

create table public.call_campaigns (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid not null default public.get_my_org_id() references public.organizations (id) on delete cascade,
    agent_id uuid,
    phone_number_id uuid,
    created_by uuid default auth.uid() references auth.users (id) on delete set null,
    name text not null check (name <> ''),
    status text not null default 'draft'
        check (status in ('draft', 'active', 'paused', 'completed', 'failed', 'cancelled')),
    status_reason text,
    scheduled_at timestamptz,
    opens_at time not null default '08:00',
    closes_at time not null default '20:00',
    calling_days smallint[] not null default '{1,2,3,4,5,6}'
        check (calling_days <> '{}' and calling_days <@ '{1,2,3,4,5,6,7}'::smallint[]),
    max_attempts smallint not null default 3 check (max_attempts between 1 and 10),
    variables jsonb not null default '{}' check (jsonb_typeof(variables) = 'object'),
    started_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (opens_at < closes_at),
    check ((status in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
    unique (id, organization_id),
    foreign key (agent_id, organization_id) references public.agents (id, organization_id),
    foreign key (phone_number_id, organization_id) references public.phone_numbers (id, organization_id)
);

-- Other systems of the field, from which campaigns are brought along, have other names for two of these.
create function public.name_campaign_status() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.status := case new.status
        when 'pending' then 'draft' when 'processing' then 'active' when 'canceled' then 'cancelled'
        else new.status end;
    return new;
end;
$$;

create trigger name_campaign_status before insert or update of status on public.call_campaigns
    for each row when (new.status in ('pending', 'processing', 'canceled'))
    execute function public.name_campaign_status();

create index call_campaigns_organization_id_idx on public.call_campaigns (organization_id, created_at desc);
create index call_campaigns_due_idx on public.call_campaigns (scheduled_at) where status = 'draft' and scheduled_at is not null;
create index call_campaigns_active_idx on public.call_campaigns (id) where status = 'active';

create table public.campaign_contacts (
    id bigint generated always as identity primary key,
    campaign_id uuid not null,
    organization_id uuid not null,
    name text not null default '',
    phone text not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    email text,
    company text,
    notes text,
    variables jsonb not null default '{}' check (jsonb_typeof(variables) = 'object'),
    time_zones text[] not null check (time_zones <> '{}'),
    status text not null default 'pending'
        check (status in ('pending', 'calling', 'completed', 'failed', 'cancelled')),
    outcome text,
    attempts smallint not null default 0 check (attempts >= 0),
    dials smallint not null default 0 check (dials >= attempts),
    next_attempt_at timestamptz not null default now(),
    connected boolean not null default false,
    voicemail boolean not null default false,
    successful boolean,
    duration_ms bigint not null default 0 check (duration_ms >= 0),
    cost_cents numeric not null default 0 check (cost_cents >= 0),
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
    unique (campaign_id, phone),
    unique (id, campaign_id, organization_id),
    foreign key (campaign_id, organization_id)
        references public.call_campaigns (id, organization_id) on delete cascade
);

-- The claim reads this from its beginning: the earliest due contact of a campaign, at any size.
create index campaign_contacts_due_idx
    on public.campaign_contacts (campaign_id, next_attempt_at, id) where status = 'pending';
create index campaign_contacts_calling_idx on public.campaign_contacts (campaign_id) where status = 'calling';
create index campaign_contacts_phone_idx on public.campaign_contacts (organization_id, phone);

create table public.call_attempts (
    id uuid primary key default gen_random_uuid(),
    contact_id bigint not null,
    campaign_id uuid not null,
    organization_id uuid not null,
    phone text not null,
    number smallint not null check (number >= 1),
    idempotency_key text not null unique,
    status text not null default 'claimed'
        check (status in ('claimed', 'dialing', 'placed', 'unresolved', 'ended', 'released')),
    lease_token uuid not null default gen_random_uuid(),
    lease_expires_at timestamptz not null,
    retell_call_id text unique,
    disconnection_reason text,
    error text,
    counted boolean not null default false,
    claimed_at timestamptz not null default now(),
    dialed_at timestamptz,
    ended_at timestamptz,
    check ((status in ('ended', 'released')) = (ended_at is not null)),
    unique (contact_id, number),
    foreign key (contact_id, campaign_id, organization_id)
        references public.campaign_contacts (id, campaign_id, organization_id) on delete cascade
);

comment on column public.call_attempts.status is
    'claimed: leased, nothing sent. dialing: the request may have left. placed: the provider has the call. '
    'unresolved: nobody knows whether the phone rings. ended: the call is over. released: never dialed.';

-- What is open is little of the table: to the planner each of these indexes is as cheap as the primary key, and it is not,
-- with a minute's dead entries. So each says in its own words what is open, and who asks for an attempt by its id in others.
create unique index call_attempts_one_open_per_contact_idx on public.call_attempts (contact_id) where ended_at is null;
create unique index call_attempts_one_open_per_phone_idx
    on public.call_attempts (organization_id, phone) where status in ('claimed', 'dialing', 'placed', 'unresolved');
create index call_attempts_recent_dials_idx on public.call_attempts (organization_id, phone, dialed_at desc)
    where dialed_at is not null;

create table public.calls (
    id uuid primary key default gen_random_uuid(),
    organization_id uuid references public.organizations (id) on delete cascade,
    campaign_id uuid references public.call_campaigns (id) on delete set null,
    contact_id bigint references public.campaign_contacts (id) on delete set null,
    attempt_id uuid unique references public.call_attempts (id) on delete set null,
    agent_id uuid references public.agents (id) on delete set null,
    retell_call_id text not null unique check (retell_call_id <> ''),
    retell_agent_id text,
    direction text not null default 'outbound' check (direction in ('inbound', 'outbound')),
    status text not null default 'registered'
        check (status in ('registered', 'in_progress', 'completed', 'failed')),
    from_number text,
    to_number text,
    disconnection_reason text,
    started_at timestamptz,
    ended_at timestamptz,
    analyzed_at timestamptz,
    duration_ms bigint check (duration_ms >= 0),
    cost_cents numeric check (cost_cents >= 0),
    recording_url text,
    transcript text,
    analysis jsonb,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create index calls_campaign_id_idx on public.calls (campaign_id, created_at desc);
create index calls_contact_id_idx on public.calls (contact_id);
create index calls_organization_id_idx on public.calls (organization_id, created_at desc);
create index calls_open_idx on public.calls (created_at) where status in ('registered', 'in_progress');

-- What the provider said, as it said it, once for each (call, event); what happens again in a call once for each turn.
create table public.call_events (
    id bigint generated always as identity primary key,
    retell_call_id text not null,
    event text not null,
    turn integer not null default 0,
    organization_id uuid references public.organizations (id) on delete cascade,
    payload jsonb not null,
    deliveries integer not null default 1,
    received_at timestamptz not null default now(),
    applied_at timestamptz,
    tried_at timestamptz,
    unique (retell_call_id, event, turn)
);

create index call_events_unapplied_idx on public.call_events (received_at) where applied_at is null;

create table public.do_not_call (
    organization_id uuid not null default public.get_my_org_id() references public.organizations (id) on delete cascade,
    phone text not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    reason text not null default 'manual',
    retell_call_id text,
    created_at timestamptz not null default now(),
    primary key (organization_id, phone)
);

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

create index activity_logs_organization_id_idx on public.activity_logs (organization_id, created_at desc);

-- What the organization may use of its provider, shared by every instance that dials for it.
create table public.dial_pace (
    organization_id uuid primary key references public.organizations (id) on delete cascade,
    concurrency_limit integer not null default 20 check (concurrency_limit >= 0),
    reserved_concurrency integer not null default 0 check (reserved_concurrency >= 0),
    current_limit integer not null default 20 check (current_limit >= 0),
    calls_per_second numeric not null default 1 check (calls_per_second > 0),
    tokens numeric not null default 1 check (tokens >= 0),
    refilled_at timestamptz not null default now(),
    blocked_until timestamptz,
    checked_at timestamptz
);

comment on table public.dial_pace is
    'A slot is an open call_attempts row whose lease has not expired; current_limit is what the provider''s answers leave of concurrency_limit.';

comment on table public.organizations is 'Who calls: its members see what is its own, and nobody else''s.';
comment on table public.profiles is 'The organization and role of a user: admins and managers plan campaigns, viewers look.';
comment on table public.agents is 'The voice agents that an organization may use, by their ids at the provider.';
comment on table public.phone_numbers is 'The numbers that an organization calls from and is called on.';
comment on table public.call_campaigns is 'A list of contacts to be called by one agent, and the hours and tries that are allowed.';
comment on table public.campaign_contacts is 'A person of a campaign, known by the number, with what came of the calls so far.';
comment on table public.call_attempts is 'One try to reach a contact; it is written before the request to the provider leaves.';
comment on table public.calls is 'A call as the provider reports it, in or out.';
comment on table public.call_events is 'What the provider reported, as it was sent, once for each (call, event, turn).';
comment on table public.do_not_call is 'Numbers that no campaign of the organization may call.';
comment on table public.notifications is 'What the members of an organization should know.';
comment on table public.activity_logs is 'What was done to an organization''s things, by whom.';

comment on function public.get_my_org_id() is 'The organization of the signed-in caller; null for anyone else.';
comment on function public.get_my_role() is 'The caller''s role in the organization: admin, manager or viewer; null for anyone else.';
