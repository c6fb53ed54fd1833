-- Create the RPC functions by which owners create, cancel and retry jobs; row-level security selects the rows.

create function public.create_talk_track_job_v1(project_id uuid, deck_id uuid) returns uuid
language plpgsql set search_path = ''
as $$
declare
    slide_count integer;
    new_job_id uuid;
begin
    select jsonb_array_length(d.slides) into slide_count
    from public.deck_structures d
    where d.id = deck_id and d.funnel_project_id = project_id and d.user_id = auth.uid();
    if slide_count is null then
        raise exception 'Deck structure not found' using errcode = 'PT404', detail = 'DECK_NOT_FOUND';
    end if;
    -- The limits and messages of talk_tracks.deck_error, which only service_role may call.
    if slide_count = 0 then
        raise exception 'The deck has no slides: add some, then try again.'
            using errcode = 'PT400', detail = 'DECK_SIZE';
    elsif slide_count > 500 then
        raise exception 'The deck has % slides; 500 is the most.', slide_count
            using errcode = 'PT400', detail = 'DECK_SIZE';
    end if;
    insert into public.talk_track_jobs (funnel_project_id, deck_structure_id) values (project_id, deck_id)
    returning id into new_job_id;
    return new_job_id;
end;
$$;

create function public.cancel_talk_track_job_v1(job_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    current_status text;
begin
    update public.talk_track_jobs j set status = 'cancelled', error_message = 'Cancelled by user'
    where j.id = cancel_talk_track_job_v1.job_id and j.user_id = auth.uid() and j.status in ('pending', 'processing');
    if found then
        return true;
    end if;
    select j.status into current_status from public.talk_track_jobs j
    where j.id = cancel_talk_track_job_v1.job_id and j.user_id = auth.uid();
    if current_status is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    end if;
    if current_status <> 'cancelled' then
        raise exception 'The job is %: there is nothing to cancel.', current_status
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    return false;
end;
$$;

create function public.retry_talk_track_job_v1(job_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
declare
    current_status text;
begin
    update public.talk_track_jobs j set status = 'pending'
    where j.id = retry_talk_track_job_v1.job_id and j.user_id = auth.uid() and j.status in ('failed', 'cancelled');
    if found then
        return true;
    end if;
    select j.status into current_status from public.talk_track_jobs j
    where j.id = retry_talk_track_job_v1.job_id and j.user_id = auth.uid();
    if current_status is null then
        raise exception 'Job not found' using errcode = 'PT404', detail = 'JOB_NOT_FOUND';
    end if;
    if current_status = 'completed' then
        raise exception 'The job is completed: there is nothing to retry.'
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    return false;
end;
$$;

comment on function public.create_talk_track_job_v1(uuid, uuid) is
    'Insert a job of the caller for a deck of one of their projects and return its id. Raises DECK_NOT_FOUND or DECK_SIZE.';
comment on function public.cancel_talk_track_job_v1(uuid) is
    'Cancel a job of the caller. Returns false if it was cancelled before. Raises JOB_NOT_FOUND or JOB_FINISHED.';
comment on function public.retry_talk_track_job_v1(uuid) is
    'Queue a failed or cancelled job of the caller again; saved chunks are kept. Returns false if it is already queued or running. Raises JOB_NOT_FOUND or JOB_FINISHED.';
