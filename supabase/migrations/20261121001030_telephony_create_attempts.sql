-- Attempts to reach a contact, the numbers that must not be called, and how much an organization may dial.

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
    first_dialed_at timestamptz,
    dialed_at timestamptz,
    check_after timestamptz,
    ended_at timestamptz,
    check ((status in ('ended', 'released')) = (ended_at is not null)),
    unique (contact_id, number),
    foreign key (contact_id, campaign_id, organization_id)
        references public.campaign_contacts (id, campaign_id, organization_id) on delete cascade
);
comment on table public.call_attempts is 'One attempt to reach a contact, stored before the request to the provider is sent.';
comment on column public.call_attempts.status is
    'claimed: leased, nothing sent. dialing: the request may have left. placed: the provider has the call. '
    'unresolved: unknown whether a call was made. ended: the call is over. released: no call was made.';
comment on column public.call_attempts.first_dialed_at is
    'When the first request was sent: the provider remembers its idempotency key for an hour. dialed_at: the last request that may have made the call.';
comment on column public.call_attempts.check_after is
    'When to ask the provider about the call, by telephony.now(); null until it is dialled.';

-- Few attempts are open, so the planner takes these partial indexes to be as cheap as the primary key; with a minute's dead
-- entries they are not. Their predicates differ, so that a query by id, worded otherwise, cannot use them.
create unique index call_attempts_one_open_per_contact_idx on public.call_attempts (contact_id) where ended_at is null;

create unique index call_attempts_one_open_per_phone_idx
    on public.call_attempts (organization_id, phone) where status in ('claimed', 'dialing', 'placed', 'unresolved');

create index call_attempts_recent_dials_idx on public.call_attempts (organization_id, phone, dialed_at desc)
    where dialed_at is not null;

create index call_attempts_check_idx on public.call_attempts (check_after) where status in ('placed', 'unresolved');

create index call_attempts_stale_idx on public.call_attempts (lease_expires_at) where status in ('claimed', 'dialing');

create table public.do_not_call (
    organization_id uuid not null default public.get_my_org_id() references public.organizations (id) on delete cascade,
    phone text not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    reason text not null default 'manual',
    retell_call_id text,
    created_at timestamptz not null default now(),
    primary key (organization_id, phone)
);
comment on table public.do_not_call is 'Numbers that no campaign of the organization may call.';

-- Rate and concurrency limits of an organization, shared by all instances.
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
    'A slot is an open call_attempts row whose lease has not expired; current_limit is concurrency_limit as reduced by the provider''s responses.';
