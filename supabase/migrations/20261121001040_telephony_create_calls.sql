-- Calls, and the provider's events about them.

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
    analysis_due_at timestamptz,
    check_after timestamptz,
    duration_ms bigint check (duration_ms >= 0),
    cost_cents numeric check (cost_cents >= 0),
    recording_url text,
    transcript text,
    analysis jsonb,
    successful boolean,
    voicemail boolean,
    callback_at timestamptz,
    opted_out boolean not null default false,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now()
);
comment on table public.calls is 'A call as the provider reports it, in or out.';
comment on column public.calls.successful is 'The analysis''s call_successful.';
comment on column public.calls.voicemail is 'The analysis''s in_voicemail.';
comment on column public.calls.callback_at is 'When the contact asked to be called again, from the analysis.';
comment on column public.calls.opted_out is 'The person asked not to be called before the organization of the call was known.';
comment on column public.calls.analysis_due_at is
    'When to ask the provider for the analysis, by telephony.now(); null once it is stored, or no longer expected.';
comment on column public.calls.check_after is
    'When to ask the provider again about an open call without an open attempt, by now(); null until the first time.';

create index calls_campaign_id_idx on public.calls (campaign_id, created_at desc);

create index calls_contact_id_idx on public.calls (contact_id);

create index calls_organization_id_idx on public.calls (organization_id, created_at desc);

create index calls_open_idx on public.calls (created_at) where status in ('registered', 'in_progress');

create index calls_analysis_due_idx on public.calls (analysis_due_at) where analysis_due_at is not null;

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
comment on table public.call_events is 'The provider''s events with their original payload, once for each (call, event, turn).';

create index call_events_unapplied_idx on public.call_events (received_at) where applied_at is null;
