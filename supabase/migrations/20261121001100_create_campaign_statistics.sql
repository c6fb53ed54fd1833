-- A campaign's figures: the change that each statement makes to its contacts, added up in the same transaction.
-- Thirty-two rows a campaign, one for each group of sessions, so that calls which end together do not wait for each other.

create table public.campaign_counts (
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

comment on table public.campaign_counts is
    'What campaign_statistics sums. One row alone means nothing: a contact may be added in one and taken off in another.';

alter table public.campaign_counts enable row level security;
revoke all on public.campaign_counts from public, anon, authenticated;
grant select on public.campaign_counts to authenticated;
create policy "members read counts" on public.campaign_counts
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
left join public.campaign_counts k on k.campaign_id = c.id
group by c.id;

revoke all on public.campaign_statistics from public, anon, authenticated;
grant select on public.campaign_statistics to authenticated, service_role;
comment on view public.campaign_statistics is
    'The figures of a campaign at this moment, equal to a recount of its contacts. processed: contacts whose status is terminal.';

-- Fired once a statement. Security definer: whoever may change a contact must not therefore be able to change a figure.
create function public.count_contacts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
    -- 1 for the rows as they are, -1 for the rows as they were.
    sign constant integer := tg_argv[0];
begin
    insert into public.campaign_counts as k
        (campaign_id, shard, total, processed, connected, successful, voicemail, failed, duration_ms, cost_cents)
    select c.campaign_id,
           pg_catalog.pg_backend_pid() % 32,
           sign * count(*),
           sign * count(*) filter (where c.completed_at is not null),
           sign * count(*) filter (where c.connected),
           sign * count(*) filter (where c.successful),
           sign * count(*) filter (where c.voicemail),
           sign * count(*) filter (where c.status = 'failed'),
           sign * sum(c.duration_ms),
           sign * sum(c.cost_cents)
    from changed c
    -- Contacts that go along with their campaign leave nothing to be counted.
    where tg_op <> 'DELETE' or exists (select from public.call_campaigns p where p.id = c.campaign_id)
    group by c.campaign_id
    order by c.campaign_id
    on conflict (campaign_id, shard) do update set
        total = k.total + excluded.total,
        processed = k.processed + excluded.processed,
        connected = k.connected + excluded.connected,
        successful = k.successful + excluded.successful,
        voicemail = k.voicemail + excluded.voicemail,
        failed = k.failed + excluded.failed,
        duration_ms = k.duration_ms + excluded.duration_ms,
        cost_cents = k.cost_cents + excluded.cost_cents;
    return null;
end;
$$;

-- Six updates a call: in one step, which writes nothing when no figure has changed.
create function public.count_changed_contacts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into public.campaign_counts as k
        (campaign_id, shard, processed, connected, successful, voicemail, failed, duration_ms, cost_cents)
    select *
    from (
        select c.campaign_id,
               pg_catalog.pg_backend_pid() % 32,
               sum(c.sign * (c.completed_at is not null)::integer) as processed,
               sum(c.sign * c.connected::integer) as connected,
               sum(c.sign * coalesce(c.successful, false)::integer) as successful,
               sum(c.sign * c.voicemail::integer) as voicemail,
               sum(c.sign * (c.status = 'failed')::integer) as failed,
               sum(c.sign * c.duration_ms) as duration_ms,
               sum(c.sign * c.cost_cents) as cost_cents
        from (
            select 1 as sign, n.* from changed n
            union all
            select -1, o.* from original o
        ) as c
        group by c.campaign_id
    ) as d
    where d.processed <> 0 or d.connected <> 0 or d.successful <> 0 or d.voicemail <> 0 or d.failed <> 0
       or d.duration_ms <> 0 or d.cost_cents <> 0
    order by d.campaign_id
    on conflict (campaign_id, shard) do update set
        processed = k.processed + excluded.processed,
        connected = k.connected + excluded.connected,
        successful = k.successful + excluded.successful,
        voicemail = k.voicemail + excluded.voicemail,
        failed = k.failed + excluded.failed,
        duration_ms = k.duration_ms + excluded.duration_ms,
        cost_cents = k.cost_cents + excluded.cost_cents;
    return null;
end;
$$;

revoke execute on function public.count_contacts(), public.count_changed_contacts() from public, anon, authenticated;
comment on function public.count_contacts() is
    'Adds the contacts of a statement to their campaigns'' counts, or takes them off: the trigger''s argument is 1 or -1.';
comment on function public.count_changed_contacts() is
    'Adds to the counts of campaigns what a statement has changed of their contacts.';

create trigger count_inserted_contacts after insert on public.campaign_contacts
    referencing new table as changed for each statement execute function public.count_contacts('1');
create trigger count_changed_contacts after update on public.campaign_contacts
    referencing new table as changed old table as original
    for each statement execute function public.count_changed_contacts();
create trigger count_deleted_contacts after delete on public.campaign_contacts
    referencing old table as changed for each statement execute function public.count_contacts('-1');

-- So that an update cannot change a campaign's total.
create function public.keep_contact_in_campaign() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'A contact stays in its campaign.' using errcode = 'PT409', detail = 'CONTACT_MOVED';
end;
$$;

revoke execute on function public.keep_contact_in_campaign() from public, anon, authenticated;
comment on function public.keep_contact_in_campaign() is 'Refuses to move a contact into another campaign.';

create trigger keep_contact_in_campaign before update of campaign_id on public.campaign_contacts
    for each row when (old.campaign_id <> new.campaign_id) execute function public.keep_contact_in_campaign();
