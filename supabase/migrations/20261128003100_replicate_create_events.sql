-- Create what Replicate's predictions need: the provider and its model, the webhooks that were processed, the end of a job
-- with its cost, and the choice of jobs that no worker takes.

insert into public.api_providers (name, display_name, base_url, secret_name)
values ('replicate', 'Replicate', 'https://api.replicate.com', 'REPLICATE_API_TOKEN')
on conflict (name) do nothing;

insert into public.api_models (
    id, provider_id, model_key, version, display_name, modality, task, model_family, input_defaults, pricing, is_default)
select '7d0f5c62-5d3a-4f6e-9a41-0b6f8f2c5101', p.id, 'lucataco/realistic-vision-v5.1',
    '2c8e954decbf70b7607a4414e5785ef9e4de4b8c51d50fb8b8b349160e0ef6bb', 'Realistic Vision 5.1', 'image', 'generation', 'rv51',
    '{"steps": 20, "guidance": 5, "width": 512, "height": 728, "scheduler": "EulerA"}', '{"per_image": 1}', true
from public.api_providers p where p.name = 'replicate'
on conflict do nothing;

create table media.replicate_events (
    webhook_id text primary key check (length(webhook_id) between 1 and 200),
    prediction_id text not null,
    received_at timestamptz not null default clock_timestamp(),
    processed_at timestamptz
);
create index replicate_events_received_idx on media.replicate_events (received_at);
grant select, insert, update, delete on media.replicate_events to service_role;

create function public.begin_replicate_event_v1(webhook_id text, prediction_id text) returns boolean
language plpgsql set search_path = ''
as $$
begin
    delete from media.replicate_events e where e.received_at < clock_timestamp() - interval '7 days';
    insert into media.replicate_events (webhook_id, prediction_id)
    values (begin_replicate_event_v1.webhook_id, begin_replicate_event_v1.prediction_id)
    on conflict on constraint replicate_events_pkey do nothing;
    return (select e.processed_at is null from media.replicate_events e
            where e.webhook_id = begin_replicate_event_v1.webhook_id);
end;
$$;

create function public.finish_replicate_event_v1(webhook_id text) returns void
language sql set search_path = ''
as $$
    update media.replicate_events e set processed_at = clock_timestamp()
    where e.webhook_id = finish_replicate_event_v1.webhook_id;
$$;

create function public.finish_replicate_job_v1(job_id uuid, report jsonb, credits numeric, usage jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    answer jsonb := public.apply_media_callback_v1(job_id, report);
begin
    -- The provider charges also for a result that came too late.
    insert into public.usage_logs (user_id, job_id, action, credits_consumed, format, quality, metadata)
    select j.user_id, j.id, 'replicate_image', credits, j.format, j.quality, usage
    from public.jobs j
    where j.id = finish_replicate_job_v1.job_id and credits is not null
    on conflict on constraint usage_logs_job_id_action_key do nothing;
    return answer;
end;
$$;

-- Lease queued picture jobs that no worker has taken for a while: none is registered as healthy, none holds a job.
create function public.claim_replicate_jobs_v1(most integer default 10, seconds integer default 60) returns setof jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
begin
    if exists (
        select from public.workers w
        where w.worker_type = 'sdxl' and w.enabled and w.health = 'healthy'
          and w.last_seen_at > clock_timestamp() - interval '3 minutes'
    ) or exists (
        select from public.jobs j
        where j.queue_name = 'sdxl_queue' and j.status = 'processing' and j.worker_id is distinct from 'replicate'
          and j.lease_expires_at > clock_timestamp()
    ) then
        return;
    end if;
    for job in
        select j.* from public.jobs j
        where j.status = 'queued' and j.queue_name = 'sdxl_queue'
          and j.queued_at <= clock_timestamp() - make_interval(secs => claim_replicate_jobs_v1.seconds)
          and j.payload #>> '{metadata,reference_image_url}' is null
        order by j.priority desc, j.queued_at limit most for update skip locked
    loop
        job := media.start_job(job, 'replicate', 3600);
        if job.status = 'processing' then
            if job.transport = 'pgmq' then
                perform media.hide_message(job.queue_name, job.message_id, 3600);
            end if;
            return next media.claim_payload(job);
        end if;
    end loop;
end;
$$;

comment on table media.replicate_events is 'Webhooks of Replicate by their id; processed ones change nothing when they come again.';
comment on function public.begin_replicate_event_v1(text, text) is 'Return whether a webhook is still to be processed.';
comment on function public.finish_replicate_event_v1(text) is 'Mark a webhook as processed.';
comment on function public.finish_replicate_job_v1(uuid, jsonb, numeric, jsonb) is
    'Apply a report as apply_media_callback_v1 does, and log what the prediction cost, once.';
comment on function public.claim_replicate_jobs_v1(integer, integer) is
    'Lease picture jobs without a reference that wait while no worker is healthy; returns their payloads.';

revoke execute on function public.begin_replicate_event_v1, public.finish_replicate_event_v1, public.finish_replicate_job_v1,
    public.claim_replicate_jobs_v1 from public, anon, authenticated;
grant execute on function public.begin_replicate_event_v1, public.finish_replicate_event_v1, public.finish_replicate_job_v1,
    public.claim_replicate_jobs_v1 to service_role;
