-- Apply what a worker reports of a job. Terminal states are never left; repeated and late reports change nothing.

create function media.callback_answer(job public.jobs, message text, applied boolean) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'job_id', job.id, 'status', job.status, 'message', message, 'applied', applied, 'queue_name', job.queue_name,
        'transport', job.transport, 'attempts', job.attempts,
        'lease_seconds', greatest(ceil(extract(epoch from job.lease_expires_at - clock_timestamp())), 1));
$$;

create function public.get_media_job_v1(job_id uuid) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
    job public.jobs;
begin
    select j.* into job from public.jobs j where j.id = get_media_job_v1.job_id;
    if job.id is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    end if;
    return to_jsonb(job);
end;
$$;

create function media.insert_assets(job public.jobs, assets jsonb) returns integer
language plpgsql set search_path = ''
as $$
declare
    inserted integer;
begin
    insert into public.workspace_assets (
        user_id, job_id, asset_type, temp_storage_path, thumbnail_path, file_size_bytes, mime_type, duration_seconds,
        asset_index, generation_seed, original_prompt, model_used, generation_settings, width, height)
    select job.user_id, job.id, a.asset_type, a.path, a.thumbnail_path, a.file_size_bytes, a.mime_type,
        a.duration_seconds, a.asset_index, a.seed, job.original_prompt, a.model_used, coalesce(a.settings, '{}'), a.width, a.height
    from jsonb_to_recordset(assets) as a (
        asset_type text, path text, thumbnail_path text, file_size_bytes bigint, mime_type text,
        duration_seconds numeric, asset_index integer, seed bigint, model_used text, settings jsonb, width integer, height integer)
    on conflict do nothing;
    get diagnostics inserted = row_count;
    return inserted;
end;
$$;

-- Queue the job again if it may be tried again, else fail it.
create function media.fail_attempt(job public.jobs, error text, is_retryable boolean) returns public.jobs
language plpgsql set search_path = ''
as $$
begin
    if is_retryable and job.transport <> 'none' and job.attempts < job.max_attempts then
        update public.jobs j set status = 'queued', message_id = media.resend_job(job)
        where j.id = job.id returning j.* into job;
    else
        update public.jobs j set status = 'failed', error_message = left(coalesce(nullif(error, ''), 'The worker failed.'), 2000)
        where j.id = job.id returning j.* into job;
    end if;
    return job;
end;
$$;

create function public.apply_media_callback_v1(job_id uuid, report jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.jobs;
    state text := report ->> 'status';
    reported_by text := report ->> 'worker_id';
    attempt integer := (report ->> 'attempt')::integer;
    lease integer;
begin
    select j.* into job from public.jobs j where j.id = apply_media_callback_v1.job_id for update;
    if job.id is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    end if;
    if job.status in ('completed', 'failed', 'cancelled') then
        return media.callback_answer(job, 'Callback already processed', false);
    end if;
    -- A result counts whoever brings it; a failure or a sign of life only from the current attempt.
    if state <> 'completed' and (
        attempt <> job.attempts or (job.status = 'processing' and reported_by <> job.worker_id)
        or (job.status = 'queued' and job.attempts > 0)
    ) then
        return media.callback_answer(job, 'Callback of an earlier attempt', false);
    end if;
    lease := coalesce((report ->> 'lease_seconds')::integer,
        (select q.visibility_seconds from media.queues q where q.queue_name = job.queue_name), 3600);
    if job.status = 'queued' then  -- taken without a claim
        update public.jobs j
        set status = 'processing', attempts = least(j.attempts + 1, j.max_attempts), worker_id = reported_by,
            started_at = clock_timestamp(), lease_expires_at = clock_timestamp() + make_interval(secs => lease)
        where j.id = job.id returning j.* into job;
    end if;
    update public.jobs j
    set metadata = j.metadata || coalesce(report -> 'metadata', '{}'),
        lease_expires_at = clock_timestamp() + make_interval(secs => lease)
    where j.id = job.id returning j.* into job;
    if state = 'processing' then
        if job.transport = 'pgmq' then
            perform media.hide_message(job.queue_name, job.message_id, lease);
        end if;
    elsif state = 'completed' and jsonb_array_length(coalesce(report -> 'assets', '[]')) > 0 then
        perform media.insert_assets(job, report -> 'assets');
        update public.jobs j set status = 'completed' where j.id = job.id returning j.* into job;
    elsif state = 'completed' then
        job := media.fail_attempt(job, 'no assets', false);
    else
        job := media.fail_attempt(job, report ->> 'error', coalesce((report ->> 'retryable')::boolean, false));
    end if;
    return media.callback_answer(job, 'Callback processed successfully', true);
end;
$$;

comment on function public.apply_media_callback_v1(uuid, jsonb) is
    'Apply {status, assets, error, retryable, metadata, worker_id, attempt, lease_seconds} to a job and return {job_id, status, message, applied}. Raises JOB_NOT_FOUND.';

comment on function public.get_media_job_v1(uuid) is 'Return a job. Raises JOB_NOT_FOUND.';

revoke execute on function public.apply_media_callback_v1, public.get_media_job_v1 from public, anon, authenticated;
grant execute on function public.apply_media_callback_v1, public.get_media_job_v1 to service_role;
