-- Create the functions of the worker registry: register, choose, report. Each is one statement or locks its rows, so that
-- no update is lost.

create function public.register_media_worker_v1(worker jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    given record;
    stored public.workers;
begin
    select * into given from jsonb_to_record(worker) as w (
        worker_type text, kind text, base_url text, modalities text[], models text[], key_secret text, concurrency integer,
        weight integer, is_healthy boolean, latency_ms integer, health_error text, registration jsonb);
    -- A local worker has another port after each start, and a killed one does not unregister.
    delete from public.workers w
    where w.worker_type = given.worker_type and w.kind = 'local' and w.base_url <> given.base_url
      and w.last_seen_at < clock_timestamp() - interval '3 minutes';
    insert into public.workers as w (
        worker_type, kind, base_url, modalities, models, key_secret, concurrency, weight, health, health_error, latency_ms,
        last_seen_at, last_checked_at, registration)
    values (
        given.worker_type, coalesce(given.kind, 'pull'), rtrim(given.base_url, '/'), coalesce(given.modalities, '{}'),
        coalesce(given.models, '{}'), given.key_secret, coalesce(given.concurrency, 1), coalesce(given.weight, 1),
        case given.is_healthy when true then 'healthy' when false then 'unhealthy' else 'unknown' end, given.health_error,
        given.latency_ms, clock_timestamp(), case when given.is_healthy is not null then clock_timestamp() end,
        coalesce(given.registration, '{}'))
    on conflict on constraint workers_worker_type_base_url_key do update set
        kind = coalesce(given.kind, w.kind),
        modalities = coalesce(given.modalities, w.modalities),
        models = coalesce(given.models, w.models),
        key_secret = coalesce(given.key_secret, w.key_secret),
        concurrency = coalesce(given.concurrency, w.concurrency),
        weight = coalesce(given.weight, w.weight),
        health = case when given.is_healthy is null then w.health else excluded.health end,
        health_error = case when given.is_healthy is null then w.health_error else excluded.health_error end,
        latency_ms = coalesce(given.latency_ms, w.latency_ms),
        failures = case when given.is_healthy then 0 else w.failures end,
        blocked_until = case when given.is_healthy then null else w.blocked_until end,
        last_seen_at = excluded.last_seen_at,
        last_checked_at = coalesce(excluded.last_checked_at, w.last_checked_at),
        registration = w.registration || excluded.registration
    returning w.* into stored;
    return to_jsonb(stored);
end;
$$;

create function public.unregister_media_worker_v1(worker_type text, base_url text) returns boolean
language plpgsql set search_path = ''
as $$
begin
    delete from public.workers w
    where w.worker_type = unregister_media_worker_v1.worker_type
      and w.base_url = rtrim(unregister_media_worker_v1.base_url, '/');
    return found;
end;
$$;

-- Order: healthy, then unknown, then unhealthy ones; with room; then who waited longest for its weight.
create function public.choose_media_worker_v1(worker_type text, model text default null, tried uuid[] default '{}')
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    chosen public.workers;
begin
    select w.* into chosen from public.workers w
    where w.worker_type = choose_media_worker_v1.worker_type and w.enabled and w.id <> all (tried)
      and (w.blocked_until is null or w.blocked_until <= clock_timestamp())
      and (model is null or cardinality(w.models) = 0 or model = any (w.models))
    order by
        array_position(array['healthy', 'unknown', 'unhealthy'], w.health),
        case when w.last_used_at > clock_timestamp() - interval '5 minutes'
            then w.in_flight::double precision / w.concurrency else 0 end,
        extract(epoch from clock_timestamp() - coalesce(w.last_used_at, '2000-01-01')) * w.weight desc,
        w.latency_ms nulls last, w.id
    limit 1 for update skip locked;
    if chosen.id is null then
        return null;
    end if;
    update public.workers w
    set in_flight = case when w.last_used_at > clock_timestamp() - interval '5 minutes' then w.in_flight else 0 end + 1,
        last_used_at = clock_timestamp()
    where w.id = chosen.id returning w.* into chosen;
    return to_jsonb(chosen);
end;
$$;

-- The third failure within a minute blocks a worker for 30 seconds.
create function public.report_media_workers_v1(reports jsonb) returns integer
language plpgsql set search_path = ''
as $$
declare
    changed integer;
begin
    perform from public.workers w where w.id in (select (r ->> 'id')::uuid from jsonb_array_elements(reports) r)
    order by w.id for update;
    with given as (
        select r.id, r.is_healthy, r.latency_ms, left(r.error, 500) as error, coalesce(r.releases, false) as releases
        from jsonb_to_recordset(reports) as r (id uuid, is_healthy boolean, latency_ms integer, error text, releases boolean)
    ), counted as (
        select g.*, case
            when g.is_healthy then 0
            when w.first_failure_at > clock_timestamp() - interval '1 minute' then w.failures + 1 else 1 end as failures
        from given g join public.workers w using (id)
    )
    update public.workers w
    set health = case when c.is_healthy then 'healthy' else 'unhealthy' end,
        health_error = case when c.is_healthy then null else coalesce(c.error, 'The worker failed.') end,
        latency_ms = coalesce(c.latency_ms, w.latency_ms),
        failures = c.failures,
        first_failure_at = case when c.is_healthy then null when c.failures = 1 then clock_timestamp() else w.first_failure_at end,
        blocked_until = case when c.is_healthy then null
            when c.failures >= 3 then clock_timestamp() + interval '30 seconds' else w.blocked_until end,
        in_flight = case when c.releases then greatest(w.in_flight - 1, 0) else w.in_flight end,
        last_seen_at = case when c.is_healthy then clock_timestamp() else w.last_seen_at end,
        last_checked_at = clock_timestamp()
    from counted c where c.id = w.id;
    get diagnostics changed = row_count;
    return changed;
end;
$$;

comment on function public.register_media_worker_v1(jsonb) is
    'Add or update a worker by its type and URL: {worker_type, base_url, kind, models, weight, concurrency, is_healthy, …}; returns the row.';
comment on function public.unregister_media_worker_v1(text, text) is 'Remove a worker; return whether there was one.';
comment on function public.choose_media_worker_v1(text, text, uuid[]) is
    'Return the worker to use next and count it as in use; null if there is none besides those that were tried.';
comment on function public.report_media_workers_v1(jsonb) is
    'Store the results of checks or calls: [{id, is_healthy, latency_ms, error, releases}]; return the number of workers.';

revoke execute on function public.register_media_worker_v1, public.unregister_media_worker_v1, public.choose_media_worker_v1,
    public.report_media_workers_v1 from public, anon, authenticated;
grant execute on function public.register_media_worker_v1, public.unregister_media_worker_v1, public.choose_media_worker_v1,
    public.report_media_workers_v1 to service_role;
