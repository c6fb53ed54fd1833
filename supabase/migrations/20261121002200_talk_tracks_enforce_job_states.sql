-- Enforce the status transitions of jobs for every update, whatever its origin, and keep updated_at current.

-- The data API exposes only `public`. Only service_role may use this schema, so the RPC functions for workers,
-- which call into it, fail for every other role. Trigger functions run without this privilege.
create schema talk_tracks;
grant usage on schema talk_tracks to service_role;

create function talk_tracks.set_updated_at() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    return new;
end;
$$;

create trigger set_updated_at before update on public.funnel_projects
    for each row execute function talk_tracks.set_updated_at();
create trigger set_updated_at before update on public.deck_structures
    for each row execute function talk_tracks.set_updated_at();
create trigger set_updated_at before update on public.talk_tracks
    for each row execute function talk_tracks.set_updated_at();

create function talk_tracks.enforce_job_transition() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    if new.progress < old.progress then
        raise exception 'The progress of a job never decreases.' using errcode = 'PT409', detail = 'PROGRESS_DECREASED';
    end if;
    if new.status = old.status then
        return new;
    end if;
    if (old.status, new.status) not in (
        ('pending', 'processing'), ('pending', 'cancelled'), ('pending', 'failed'),
        ('processing', 'completed'), ('processing', 'failed'), ('processing', 'cancelled'),
        -- Only an owner's retry: no worker function does this.
        ('failed', 'pending'), ('cancelled', 'pending')
    ) then
        raise exception 'A job that is % cannot become %.', old.status, new.status
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    if current_user = 'authenticated' and new.status not in ('pending', 'cancelled') then
        raise exception 'Only a worker can set the status of a job to %.', new.status using errcode = 'PT403', detail = 'FORBIDDEN';
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

create trigger enforce_transition before update on public.talk_track_jobs
    for each row execute function talk_tracks.enforce_job_transition();
