-- List copies of reference images that no job needs, and claim jobs with references for models that take them.

-- A copy is reference_images/<user>/job-references/<job>.<ext>; its signed URL is valid for a day.
create function public.list_stale_references_v1(most integer default 200) returns setof text
language sql stable security definer set search_path = ''
as $$
    select o.name from storage.objects o
    left join public.jobs j on j.id = (substring(o.name from '/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[a-z0-9]+$'))::uuid
    where o.bucket_id = 'reference_images'
      and o.name ~ '^[^/]+/job-references/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z0-9]+$'
      and o.created_at < now() - interval '10 minutes'
      and (j.id is null or j.status in ('completed', 'failed', 'cancelled') or o.created_at < now() - interval '2 days')
    order by o.created_at limit least(greatest(most, 0), 1000);
$$;

create function public.claim_replicate_jobs_v2(
    most integer default 10, seconds integer default 60, takes_references boolean default false) returns setof jsonb
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
          and j.queued_at <= clock_timestamp() - make_interval(secs => claim_replicate_jobs_v2.seconds)
          and (takes_references or j.payload #>> '{metadata,reference_image_url}' is null)
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

comment on function public.list_stale_references_v1(integer) is
    'Paths in reference_images of copies whose job has ended or is gone, or that are two days old.';
comment on function public.claim_replicate_jobs_v2(integer, integer, boolean) is
    'Lease picture jobs that wait while no worker is healthy, those with a reference only if they can be drawn; returns their payloads.';
comment on column public.api_models.capabilities is
    'reference_input names the model''s input of a reference image, strength_input that of denoise strength; else it takes none.';
revoke execute on function public.list_stale_references_v1, public.claim_replicate_jobs_v2 from public, anon, authenticated;
grant execute on function public.list_stale_references_v1, public.claim_replicate_jobs_v2 to service_role;
