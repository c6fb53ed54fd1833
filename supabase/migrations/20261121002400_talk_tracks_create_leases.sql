-- Create the functions that check, extend and return the lease of a job.

create function talk_tracks.lock_leased_job(job_id uuid, lease_token uuid) returns public.talk_track_jobs
language sql set search_path = ''
as $$
    select j.* from public.talk_track_jobs j
    where j.id = lock_leased_job.job_id and j.status = 'processing'
      and j.lease_token = lock_leased_job.lease_token and j.lease_expires_at > clock_timestamp()
    for update;
$$;

create function talk_tracks.renew_lease(job_id uuid, lease_token uuid, lease_seconds double precision)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    expires timestamptz;
begin
    select j.lease_expires_at into expires
    from public.talk_track_jobs j
    where j.id = renew_lease.job_id and j.status = 'processing'
      and j.lease_token = renew_lease.lease_token and j.lease_expires_at > clock_timestamp();
    if expires is null then
        return false;
    end if;
    -- Called often to detect a cancellation early, so write only in the last two thirds of the lease.
    if expires > clock_timestamp() + make_interval(secs => lease_seconds * 2 / 3) then
        return true;
    end if;
    update public.talk_track_jobs j
    set lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds)
    where j.id = renew_lease.job_id and j.status = 'processing'
      and j.lease_token = renew_lease.lease_token and j.lease_expires_at > clock_timestamp();
    return found;
end;
$$;

create function talk_tracks.release_job(job_id uuid, lease_token uuid) returns boolean
language plpgsql set search_path = ''
as $$
begin
    update public.talk_track_jobs j
    set lease_expires_at = clock_timestamp(), attempts = greatest(j.attempts - 1, 0)
    where j.id = release_job.job_id and j.status = 'processing'
      and j.lease_token = release_job.lease_token;
    return found;
end;
$$;

comment on function talk_tracks.lock_leased_job(uuid, uuid) is 'Lock and return the job if this lease is held, else return nulls.';
comment on function talk_tracks.renew_lease(uuid, uuid, double precision) is
    'Return whether the lease is still held; false once the job is cancelled, finished or claimed by another worker.';
comment on function talk_tracks.release_job(uuid, uuid) is 'End the lease before it expires, so that another worker can claim the job.';
