-- What owners do with jobs: row security decides which of them each of these finds.

create function public.create_talk_track_job(project_id uuid, deck_id uuid) returns uuid
language plpgsql set search_path = ''
as $$
declare
    slide_count integer;
    fault text;
    created uuid;
begin
    select jsonb_array_length(d.slides) into slide_count
    from public.deck_structures d
    where d.id = deck_id and d.funnel_project_id = project_id and d.user_id = auth.uid();
    if slide_count is null then
        raise exception 'Deck structure not found' using errcode = 'PT404', detail = 'DECK_NOT_FOUND';
    end if;
    fault := public.find_deck_fault(slide_count);
    if fault is not null then
        raise exception '%', fault using errcode = 'PT400', detail = 'DECK_SIZE';
    end if;
    insert into public.talk_track_jobs (funnel_project_id, deck_structure_id) values (project_id, deck_id)
    returning id into created;
    return created;
end;
$$;

create function public.read_own_talk_track_status(job_id uuid) returns text
language plpgsql stable set search_path = ''
as $$
declare
    found_status text;
begin
    select j.status into found_status from public.talk_track_jobs j
    where j.id = read_own_talk_track_status.job_id and j.user_id = auth.uid();
    if found_status is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    end if;
    return found_status;
end;
$$;

create function public.cancel_talk_track_job(job_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    found_status text;
begin
    update public.talk_track_jobs j set status = 'cancelled', error_message = 'Cancelled by user'
    where j.id = cancel_talk_track_job.job_id and j.user_id = auth.uid() and j.status in ('pending', 'processing');
    if found then
        return true;
    end if;
    found_status := public.read_own_talk_track_status(cancel_talk_track_job.job_id);
    if found_status <> 'cancelled' then
        raise exception 'The job is %: there is nothing to cancel.', found_status
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    return false;
end;
$$;

create function public.retry_talk_track_job(job_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    found_status text;
begin
    update public.talk_track_jobs j set status = 'pending'
    where j.id = retry_talk_track_job.job_id and j.user_id = auth.uid() and j.status in ('failed', 'cancelled');
    if found then
        return true;
    end if;
    found_status := public.read_own_talk_track_status(retry_talk_track_job.job_id);
    if found_status = 'completed' then
        raise exception 'The job is completed: there is nothing to retry.'
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    return false;
end;
$$;

revoke execute on function
    public.create_talk_track_job(uuid, uuid), public.read_own_talk_track_status(uuid),
    public.cancel_talk_track_job(uuid), public.retry_talk_track_job(uuid)
    from public, anon;
grant execute on function
    public.create_talk_track_job(uuid, uuid), public.read_own_talk_track_status(uuid),
    public.cancel_talk_track_job(uuid), public.retry_talk_track_job(uuid)
    to authenticated, service_role;

comment on function public.cancel_talk_track_job(uuid) is 'Whether it was this call that cancelled the job.';
comment on function public.retry_talk_track_job(uuid) is
    'Whether it was this call that put the failed or cancelled job back; its finished chunks stay.';
comment on function public.create_talk_track_job(uuid, uuid) is 'A new job of the caller for a project''s deck.';
comment on function public.read_own_talk_track_status(uuid) is 'How far a job of the caller is.';
