-- Lock the row of settings before any worker, in whatever order callers come: what changes workers writes the settings as
-- well, and two that lock in different orders wait for each other.

create function media.lock_worker_settings() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    perform from public.system_config c where c.id = 1 for update;
    return null;
end;
$$;

create trigger lock_worker_settings
    before insert or delete or update of base_url, enabled, health, health_error, latency_ms, last_checked_at, registration
    on public.workers for each statement execute function media.lock_worker_settings();

-- The third failure within a minute blocks a worker for 30 seconds.
create or replace function public.report_media_workers_v1(reports jsonb) returns integer
language plpgsql set search_path = ''
as $$
declare
    changed integer;
begin
    -- In a statement of its own, so that the next one sees what the former holder of the lock has counted.
    perform from public.system_config c where c.id = 1 for update;
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

revoke execute on function media.lock_worker_settings from public;
