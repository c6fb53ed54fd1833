-- Write the old keys of system_config.config from the registry: older clients and workers read them.

create function media.describe_worker(worker_type text) returns public.workers
language sql stable set search_path = ''
as $$
    select w.* from public.workers w
    where w.worker_type = describe_worker.worker_type and w.enabled
    order by array_position(array['healthy', 'unknown', 'unhealthy'], w.health), w.last_seen_at desc nulls last, w.id
    limit 1;
$$;

create function media.worker_health(worker public.workers) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'isHealthy', worker.health = 'healthy', 'lastChecked', worker.last_checked_at, 'responseTimeMs', worker.latency_ms,
        'healthError', worker.health_error, 'workerUrl', worker.base_url, 'url', worker.base_url);
$$;

create function media.worker_settings(worker public.workers) returns jsonb
language sql stable set search_path = ''
as $$
    select case worker.worker_type
        when 'sdxl' then jsonb_build_object('sdxlWorkerUrl', worker.base_url)
        when 'chat' then jsonb_build_object(
            'chatWorkerUrl', worker.base_url,
            'chatWorkerRegistrationInfo', jsonb_build_object(
                'auto_registered', coalesce(worker.registration -> 'auto_registered', 'false'), 'health_status', worker.health,
                'last_health_check', worker.last_checked_at, 'last_updated', worker.updated_at,
                'response_time_ms', worker.latency_ms))
        when 'wan' then jsonb_build_object(
            'wanWorkerUrl', worker.base_url, 'workerUrl', worker.base_url, 'worker_url', worker.base_url,
            'workerUrlUpdatedAt', worker.updated_at, 'lastRegistrationAttempt', worker.last_seen_at,
            'autoRegistered', coalesce(worker.registration -> 'auto_registered', 'false'),
            'auto_registered', coalesce(worker.registration -> 'auto_registered', 'false'),
            'registrationMethod', worker.registration -> 'registration_method',
            'registration_method', worker.registration -> 'registration_method',
            'detectionMethod', worker.registration -> 'detection_method',
            'detection_method', worker.registration -> 'detection_method',
            'last_health_check', worker.last_checked_at,
            'worker_status', case worker.health when 'healthy' then 'active' else worker.health end)
        else '{}' end;
$$;

create function media.publish_workers() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    settings jsonb := '{}';
    health jsonb := '{}';
    worker public.workers;
    name text;
begin
    perform from public.system_config c where c.id = 1 for update;
    foreach name in array array['chat', 'sdxl', 'wan'] loop
        worker := media.describe_worker(name);
        if worker.id is not null then
            settings := settings || media.worker_settings(worker);
            health := health || jsonb_build_object(name || 'Worker', media.worker_health(worker));
        end if;
    end loop;
    settings := settings || jsonb_build_object(
        'workerHealthCache', health,
        'lastHealthCheck', (select max(w.last_checked_at) from public.workers w));
    update public.system_config c
    set config = (c.config - array[
        'sdxlWorkerUrl', 'chatWorkerUrl', 'wanWorkerUrl', 'workerUrl', 'worker_url', 'chatWorkerRegistrationInfo']) || settings
    where c.id = 1 and c.config is distinct from (c.config - array[
        'sdxlWorkerUrl', 'chatWorkerUrl', 'wanWorkerUrl', 'workerUrl', 'worker_url', 'chatWorkerRegistrationInfo']) || settings;
    return null;
end;
$$;

create trigger publish_workers
    after insert or delete or update of base_url, enabled, health, health_error, latency_ms, last_checked_at, registration
    on public.workers for each statement execute function media.publish_workers();

comment on function media.describe_worker(text) is 'Return the worker that the old settings name for a type.';
revoke execute on function media.describe_worker, media.worker_health, media.worker_settings, media.publish_workers from public;
grant execute on function media.describe_worker to service_role;
