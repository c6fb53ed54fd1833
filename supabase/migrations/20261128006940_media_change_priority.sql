-- Change how soon a job that waits is drawn: its row and its message together.

create function public.change_job_priority_v1(job_id uuid, priority integer) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
    job public.jobs;
begin
    if change_job_priority_v1.priority is null or change_job_priority_v1.priority not between -10 and 10 then
        raise exception 'The priority must be from -10 to 10.' using errcode = 'PT400', detail = 'INVALID_PRIORITY';
    end if;
    select j.* into job from public.jobs j where j.id = change_job_priority_v1.job_id for update;
    if job.id is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    elsif job.status <> 'queued' then
        raise exception 'The job is % and waits no more.', job.status using errcode = 'PT409', detail = 'JOB_NOT_QUEUED';
    end if;
    update public.jobs j set priority = change_job_priority_v1.priority where j.id = job.id;
    if job.transport = 'pgmq' and job.message_id is not null then
        execute format('update pgmq.%I set message = jsonb_set(message, ''{priority}'', to_jsonb($1)) where msg_id = $2',
            media.check_queue(job.queue_name))
        using change_job_priority_v1.priority, job.message_id;
    end if;
    return jsonb_build_object('job_id', job.id, 'priority', change_job_priority_v1.priority);
end;
$$;

comment on function public.change_job_priority_v1(uuid, integer) is
    'Draw a waiting job sooner (up to 10) or later (down to -10). Raises INVALID_PRIORITY, JOB_NOT_FOUND or JOB_NOT_QUEUED.';
revoke execute on function public.change_job_priority_v1 from public, anon, authenticated;
grant execute on function public.change_job_priority_v1 to service_role;
