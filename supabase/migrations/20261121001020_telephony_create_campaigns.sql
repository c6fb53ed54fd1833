-- Campaigns and their contacts.

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
    retried_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (opens_at < closes_at),
    check ((status in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
    unique (id, organization_id),
    foreign key (agent_id, organization_id) references public.agents (id, organization_id),
    foreign key (phone_number_id, organization_id) references public.phone_numbers (id, organization_id)
);
comment on table public.call_campaigns is 'A list of contacts to be called by one agent, and the hours and tries that are allowed.';
comment on column public.call_campaigns.retried_at is
    'Contacts that failed by then are being requeued while the campaign is active; null when that is done.';

-- Accept the names that other systems, from which campaigns are migrated, have for these states.
create function telephony.normalize_campaign_status() returns trigger
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
    execute function telephony.normalize_campaign_status();

create index call_campaigns_organization_id_idx on public.call_campaigns (organization_id, created_at desc);

create index call_campaigns_due_idx on public.call_campaigns (scheduled_at) where status = 'draft' and scheduled_at is not null;

create index call_campaigns_active_idx on public.call_campaigns (id) where status = 'active';

create index call_campaigns_cancelled_idx on public.call_campaigns (finished_at) where status = 'cancelled';

-- Raises 22023 for an unknown zone when the contact is stored, so that dialling never meets one.
create function telephony.are_time_zones(names text[]) returns boolean
language sql immutable set search_path = ''
as $$ select bool_and((timestamp 'epoch' at time zone name) is not null) from unnest(names) as name $$;

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
    time_zones text[] not null check (time_zones <> '{}' and telephony.are_time_zones(time_zones)),
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
comment on table public.campaign_contacts is 'A person to call in a campaign, unique by phone number, with the outcome of the calls so far.';

-- claim_contacts_v1 reads this index from its beginning: the earliest due contact, at any size of the campaign.
create index campaign_contacts_due_idx
    on public.campaign_contacts (campaign_id, next_attempt_at, id) where status = 'pending';

create index campaign_contacts_calling_idx on public.campaign_contacts (campaign_id) where status = 'calling';

create index campaign_contacts_phone_idx on public.campaign_contacts (organization_id, phone);
