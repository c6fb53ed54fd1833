-- Guard the states of jobs for every update, whatever its origin.

create function media.guard_job_state() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.updated_at := clock_timestamp();
    if (new.id, new.user_id, new.created_at) is distinct from (old.id, old.user_id, old.created_at) then
        raise exception 'The id, owner and time of a job never change.' using errcode = 'PT409', detail = 'JOB_IMMUTABLE';
    end if;
    if new.status = old.status then
        return new;
    end if;
    if (old.status, new.status) not in (
        ('queued', 'processing'), ('queued', 'cancelled'), ('queued', 'failed'),
        ('processing', 'completed'), ('processing', 'failed'), ('processing', 'cancelled'),
        ('processing', 'queued')  -- a retry; from failed only by edge queue retry, see media.retry_job
    ) and not (old.status = 'failed' and new.status = 'queued'
               and coalesce(current_setting('media.retry', true), '') = old.id::text) then
        raise exception 'A job that is % cannot become %.', old.status, new.status
            using errcode = 'PT409', detail = 'JOB_FINISHED';
    end if;
    if current_user = 'authenticated' and new.status <> 'cancelled' then
        raise exception 'The owner of a job can only cancel it, not make it %.', new.status
            using errcode = 'PT403', detail = 'FORBIDDEN';
    end if;
    if new.status <> 'processing' then
        new.lease_expires_at := null;
    end if;
    new.completed_at := case when new.status in ('completed', 'failed', 'cancelled') then clock_timestamp() end;
    if new.status = 'cancelled' then
        new.error_message := coalesce(new.error_message, 'Cancelled by user');
    elsif new.status in ('queued', 'completed') then
        new.error_message := null;
    end if;
    if new.status = 'queued' then
        new.queued_at := clock_timestamp();
        new.worker_id := null;
    end if;
    return new;
end;
$$;

create trigger guard_state before update on public.jobs
    for each row execute function media.guard_job_state();

-- Deferred: a function may insert the job first and its assets afterwards.
create function media.require_assets() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
    if not exists (select from public.workspace_assets a where a.job_id = new.id) then
        raise exception 'Job % cannot be completed without an asset.', new.id using errcode = 'PT409', detail = 'NO_ASSETS';
    end if;
    return null;
end;
$$;

create constraint trigger require_assets_of_new after insert on public.jobs
    deferrable initially deferred for each row when (new.status = 'completed')
    execute function media.require_assets();
create constraint trigger require_assets after update of status on public.jobs
    deferrable initially deferred for each row when (new.status = 'completed' and old.status <> 'completed')
    execute function media.require_assets();
