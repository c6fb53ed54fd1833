-- Who works on a job: a lease that one worker holds, renews while it works, and loses when it is silent for too long.

create function public.describe_talk_track_job(job public.talk_track_jobs) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'id', job.id, 'status', job.status, 'progress', job.progress, 'current_chunk', job.current_chunk,
        'total_chunks', job.total_chunks, 'error_message', job.error_message, 'talk_track_id', job.talk_track_id);
$$;

create function public.read_talk_track_deck(deck_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'title', coalesce(nullif(d.metadata ->> 'title', ''), p.name),
        'audience', p.target_audience, 'slides', d.slides)
    from public.deck_structures d
    join public.funnel_projects p on p.id = d.funnel_project_id
    where d.id = read_talk_track_deck.deck_id;
$$;

create function public.find_deck_fault(slide_count integer) returns text
language sql immutable set search_path = ''
as $$
    select case
        when slide_count = 0 then 'The deck has no slides: add some, then try again.'
        when slide_count > 500 then format('The deck has %s slides; 500 is the most.', slide_count)
    end;
$$;

-- The row is locked by the caller, and nobody holds its lease.
create function public.begin_talk_track_job(
    job public.talk_track_jobs, lease_seconds double precision, chunk_size integer
)
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    the_deck jsonb := coalesce(job.deck, public.read_talk_track_deck(job.deck_structure_id));
    slide_count integer := jsonb_array_length(the_deck -> 'slides');
    size integer := coalesce(job.chunk_size, begin_talk_track_job.chunk_size);
    fault text := public.find_deck_fault(slide_count);
begin
    if fault is null and job.attempts >= 5 then
        fault := format('The work stopped %s times without getting further. What is written is kept: retry to go on.',
                        job.attempts);
    end if;
    if fault is not null then
        update public.talk_track_jobs j set status = 'failed', error_message = fault
        where j.id = job.id returning j.* into job;
        return jsonb_build_object('claimed', false, 'job', public.describe_talk_track_job(job));
    end if;
    update public.talk_track_jobs j
    set status = 'processing', attempts = j.attempts + 1, deck = the_deck, chunk_size = size,
        total_chunks = (slide_count + size - 1) / size,
        started_at = coalesce(j.started_at, clock_timestamp()), lease_token = gen_random_uuid(),
        lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds)
    where j.id = job.id
    returning j.* into job;
    return jsonb_build_object(
        'claimed', true, 'job', public.describe_talk_track_job(job), 'lease_token', job.lease_token,
        'deck', job.deck, 'chunk_size', job.chunk_size,
        'chunks', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'index', c.chunk_index, 'slides', c.slides, 'metadata', c.metadata) order by c.chunk_index), '[]')
            from public.talk_track_chunks c where c.job_id = job.id));
end;
$$;

create function public.claim_talk_track_job(job_id uuid, lease_seconds double precision, chunk_size integer)
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
begin
    select j.* into job from public.talk_track_jobs j where j.id = claim_talk_track_job.job_id for update;
    if job.id is null then
        return null;
    end if;
    if job.status = 'pending' or (job.status = 'processing' and job.lease_expires_at <= clock_timestamp()) then
        return public.begin_talk_track_job(job, lease_seconds, chunk_size);
    end if;
    return jsonb_build_object('claimed', false, 'job', public.describe_talk_track_job(job));
end;
$$;

create function public.claim_next_talk_track_job(lease_seconds double precision, chunk_size integer) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
    claim jsonb;
begin
    -- Two that choose at once would both see the same user with least at work.
    perform pg_advisory_xact_lock(hashtext('claim_next_talk_track_job'));
    loop
        select j.* into job
        from public.talk_track_jobs j
        where j.status = 'pending' or (j.status = 'processing' and j.lease_expires_at <= clock_timestamp())
        -- Whoever has least at work, then whoever was served longest ago: nobody waits behind another's two hundred.
        order by (
            select count(*) from public.talk_track_jobs r
            where r.user_id = j.user_id and r.status = 'processing' and r.lease_expires_at > clock_timestamp()
        ), (
            select max(r.started_at) from public.talk_track_jobs r where r.user_id = j.user_id
        ) nulls first, j.created_at, j.id
        limit 1
        for update of j skip locked;
        if job.id is null then
            return null;
        end if;
        claim := public.begin_talk_track_job(job, lease_seconds, chunk_size);
        if (claim -> 'claimed')::boolean then
            return claim;
        end if;
    end loop;
end;
$$;

create function public.lock_leased_talk_track_job(job_id uuid, lease_token uuid) returns public.talk_track_jobs
language sql set search_path = ''
as $$
    select j.* from public.talk_track_jobs j
    where j.id = lock_leased_talk_track_job.job_id and j.status = 'processing'
      and j.lease_token = lock_leased_talk_track_job.lease_token and j.lease_expires_at > clock_timestamp()
    for update;
$$;

create function public.renew_talk_track_lease(job_id uuid, lease_token uuid, lease_seconds double precision)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    expires timestamptz;
begin
    select j.lease_expires_at into expires
    from public.talk_track_jobs j
    where j.id = renew_talk_track_lease.job_id and j.status = 'processing'
      and j.lease_token = renew_talk_track_lease.lease_token and j.lease_expires_at > clock_timestamp();
    if expires is null then
        return false;
    end if;
    -- Asked often, so that a cancel is seen soon; written only now and then.
    if expires > clock_timestamp() + make_interval(secs => lease_seconds * 2 / 3) then
        return true;
    end if;
    update public.talk_track_jobs j
    set lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds)
    where j.id = renew_talk_track_lease.job_id and j.status = 'processing'
      and j.lease_token = renew_talk_track_lease.lease_token and j.lease_expires_at > clock_timestamp();
    return found;
end;
$$;

create function public.release_talk_track_job(job_id uuid, lease_token uuid) returns boolean
language plpgsql set search_path = ''
as $$
begin
    update public.talk_track_jobs j
    set lease_expires_at = clock_timestamp(), attempts = greatest(j.attempts - 1, 0)
    where j.id = release_talk_track_job.job_id and j.status = 'processing'
      and j.lease_token = release_talk_track_job.lease_token;
    return found;
end;
$$;

comment on function public.claim_talk_track_job(uuid, double precision, integer) is
    'Null for an unknown job; {claimed: false, job} for one that is finished or at work; else the lease, the deck and what is already written.';
comment on function public.claim_next_talk_track_job(double precision, integer) is
    'Claim the oldest job of the user who has least at work, and was served longest ago; null if none waits.';
comment on function public.renew_talk_track_lease(uuid, uuid, double precision) is
    'Whether the work may go on: not once the job is cancelled, finished, or claimed by another.';
comment on function public.release_talk_track_job(uuid, uuid) is 'Give the lease back before it expires.';
comment on function public.find_deck_fault(integer) is 'Why no talk track can be written for a deck of so many slides; null if one can.';
comment on function public.describe_talk_track_job(public.talk_track_jobs) is 'A job as callers are told of it.';
comment on function public.read_talk_track_deck(uuid) is 'A deck with its title and audience, as far as the caller may see it.';
