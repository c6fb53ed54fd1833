-- A campaign's figures: each statement adds what it changed of the contacts, in the same transaction. Thirty-two rows a
-- campaign, chosen by session, so that calls that end at the same time do not wait for each other.

create table telephony.campaign_counts (
    campaign_id uuid not null references public.call_campaigns (id) on delete cascade,
    shard smallint not null,
    total bigint not null default 0,
    processed bigint not null default 0,
    connected bigint not null default 0,
    successful bigint not null default 0,
    voicemail bigint not null default 0,
    failed bigint not null default 0,
    duration_ms bigint not null default 0,
    cost_cents numeric not null default 0,
    primary key (campaign_id, shard)
);
comment on table telephony.campaign_counts is
    'Summed by campaign_statistics. One row alone means nothing: a contact may be added in one and subtracted in another.';

alter table telephony.campaign_counts enable row level security;
grant select on telephony.campaign_counts to authenticated, service_role;
create policy "members read counts" on telephony.campaign_counts
    for select to authenticated using (exists (
        select from public.call_campaigns c
        where c.id = campaign_counts.campaign_id and c.organization_id = (select public.get_my_org_id())));

create view public.campaign_statistics with (security_invoker = on) as
select c.id as campaign_id,
       c.organization_id,
       coalesce(sum(k.total), 0)::bigint as total,
       coalesce(sum(k.processed), 0)::bigint as processed,
       coalesce(sum(k.connected), 0)::bigint as connected,
       coalesce(sum(k.successful), 0)::bigint as successful,
       coalesce(sum(k.voicemail), 0)::bigint as voicemail,
       coalesce(sum(k.failed), 0)::bigint as failed,
       coalesce(sum(k.duration_ms), 0)::bigint as duration_ms,
       coalesce(sum(k.cost_cents), 0) as cost_cents
from public.call_campaigns c
left join telephony.campaign_counts k on k.campaign_id = c.id
group by c.id;
comment on view public.campaign_statistics is
    'The figures of a campaign at this moment, equal to a recount of its contacts. processed: contacts whose status is terminal.';

revoke all on public.campaign_statistics from public, anon, authenticated;
grant select on public.campaign_statistics to authenticated, service_role;
