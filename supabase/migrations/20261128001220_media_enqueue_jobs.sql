-- Create a job and its message in one transaction.

create function public.enqueue_media_job_v1(job jsonb, payload jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    given public.jobs := jsonb_populate_record(null::public.jobs, enqueue_media_job_v1.job);
    stored public.jobs;
    sent bigint;
    most constant integer := 5000;
begin
    if given.idempotency_key is not null then
        select j.* into stored from public.jobs j
        where j.user_id = given.user_id and j.idempotency_key = given.idempotency_key;
        if stored.id is not null then
            return media.job_receipt(stored, given.request_digest);
        end if;
    end if;
    if (select count(*) from (select from public.jobs j where j.user_id = given.user_id and j.status = 'queued' limit most) q) >= most then
        raise exception 'You have % jobs in the queue, the most for one user: wait for some of them.', most
            using errcode = 'PT409', detail = 'TOO_MANY_JOBS';
    end if;
    if given.project_id is not null and not exists (
        select from public.projects p where p.id = given.project_id and p.user_id = given.user_id
    ) then
        raise exception 'Project not found' using errcode = 'PT404', detail = 'PROJECT_NOT_FOUND';
    end if;
    insert into public.jobs (
        id, user_id, job_type, format, quality, model_type, destination, original_prompt, enhanced_prompt, template_name,
        enhancement_strategy, enhancement_time_ms, metadata, project_id, workspace_session_id, idempotency_key,
        request_digest, priority, queue_name, transport, payload, max_attempts)
    values (
        coalesce(given.id, gen_random_uuid()), given.user_id, given.job_type, given.format, given.quality, given.model_type,
        coalesce(given.destination, 'workspace'), coalesce(given.original_prompt, ''), given.enhanced_prompt,
        given.template_name, given.enhancement_strategy, given.enhancement_time_ms, coalesce(given.metadata, '{}'),
        given.project_id, given.workspace_session_id, given.idempotency_key, given.request_digest,
        coalesce(given.priority, 0), given.queue_name, coalesce(given.transport, 'pgmq'),
        enqueue_media_job_v1.payload, coalesce(given.max_attempts, 3))
    on conflict (user_id, idempotency_key) do nothing
    returning * into stored;
    if stored.id is null then  -- the same request, at the same time
        select j.* into stored from public.jobs j
        where j.user_id = given.user_id and j.idempotency_key = given.idempotency_key;
        return media.job_receipt(stored, given.request_digest);
    end if;
    sent := media.send_job(stored);
    if sent is not null then
        update public.jobs j set message_id = sent where j.id = stored.id;
    end if;
    return media.job_receipt(stored, stored.request_digest, false);
end;
$$;

create function media.job_receipt(job public.jobs, request_digest text, is_duplicate boolean default true) returns jsonb
language plpgsql stable set search_path = ''
as $$
begin
    if job.request_digest is distinct from job_receipt.request_digest then
        raise exception 'The idempotency key was used for another request.'
            using errcode = 'PT409', detail = 'IDEMPOTENCY_CONFLICT';
    end if;
    return jsonb_build_object(
        'job_id', job.id, 'status', job.status, 'queue_name', job.queue_name, 'duplicate', is_duplicate);
end;
$$;

comment on function public.enqueue_media_job_v1(jsonb, jsonb) is
    'Insert a job and send its payload to the queue, or return the job that has its idempotency key: {job_id, status, queue_name, duplicate}. Raises IDEMPOTENCY_CONFLICT, TOO_MANY_JOBS or PROJECT_NOT_FOUND.';

revoke execute on function public.enqueue_media_job_v1 from public, anon, authenticated;
grant execute on function public.enqueue_media_job_v1 to service_role;
