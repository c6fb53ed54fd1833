-- The states of a talk track's job, and which follows which: held for whoever updates the row, and however.

create function public.note_talk_track_update() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    return new;
end;
$$;

create trigger note_update before update on public.funnel_projects
    for each row execute function public.note_talk_track_update();
create trigger note_update before update on public.deck_structures
    for each row execute function public.note_talk_track_update();
create trigger note_update before update on public.talk_tracks
    for each row execute function public.note_talk_track_update();

create function public.guard_talk_track_job() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    if new.progress < old.progress then
        raise exception 'The progress of a job never goes back.' using errcode = 'PT409', detail = 'PROGRESS_WENT_BACK';
    end if;
    if new.status = old.status then
        return new;
    end if;
    if (old.status, new.status) not in (
        ('pending', 'processing'), ('pending', 'cancelled'), ('pending', 'failed'),
        ('processing', 'completed'), ('processing', 'failed'), ('processing', 'cancelled'),
        -- Only by somebody's retry: no function that works on jobs does this.
        ('failed', 'pending'), ('cancelled', 'pending')
    ) then
        raise exception 'A job that is % does not become %.', old.status, new.status
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    if current_user = 'authenticated' and new.status not in ('pending', 'cancelled') then
        raise exception 'Only the work itself makes a job %.', new.status using errcode = 'PT403', detail = 'FORBIDDEN';
    end if;
    if new.status = 'pending' then
        new.error_message := null;
        new.started_at := null;
        new.completed_at := null;
        new.attempts := 0;
        new.lease_token := null;
    elsif new.status in ('completed', 'failed', 'cancelled') then
        new.completed_at := clock_timestamp();
    end if;
    if new.status <> 'processing' then
        new.lease_expires_at := null;
    end if;
    return new;
end;
$$;

create trigger guard before update on public.talk_track_jobs
    for each row execute function public.guard_talk_track_job();
