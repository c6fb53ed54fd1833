-- Triggers that keep telephony.campaign_counts.

-- Once a statement. Security definer: callers who may change contacts may not change counts.
create function telephony.count_contacts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
declare
    -- 1 for new rows, -1 for old rows.
    sign constant integer := tg_argv[0];
begin
    insert into telephony.campaign_counts as k
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
    -- Not for contacts deleted by the cascade from their campaign: its counts are deleted too.
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

-- Runs on each of the six updates of a call, and writes nothing if no count has changed.
create function telephony.count_changed_contacts() returns trigger
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into telephony.campaign_counts as k
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

create trigger count_inserted_contacts after insert on public.campaign_contacts
    referencing new table as changed for each statement execute function telephony.count_contacts('1');
create trigger count_changed_contacts after update on public.campaign_contacts
    referencing new table as changed old table as original
    for each statement execute function telephony.count_changed_contacts();
create trigger count_deleted_contacts after delete on public.campaign_contacts
    referencing old table as changed for each statement execute function telephony.count_contacts('-1');
