-- Create the functions that claim a job: start it under a new lease with a snapshot of its deck.

create function talk_tracks.job_state(job public.talk_track_jobs) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'id', job.id, 'status', job.status, 'progress', job.progress, 'current_chunk', job.current_chunk,
        'total_chunks', job.total_chunks, 'error_message', job.error_message, 'talk_track_id', job.talk_track_id);
$$;

create function talk_tracks.deck_snapshot(deck_id uuid) returns jsonb
language sql stable set search_path = ''
as $$
    select jsonb_build_object(
        'title', coalesce(nullif(d.metadata ->> 'title', ''), p.name),
        'audience', p.target_audience, 'slides', d.slides)
    from public.deck_structures d
    join public.funnel_projects p on p.id = d.funnel_project_id
    where d.id = deck_snapshot.deck_id;
$$;

create function talk_tracks.deck_error(slide_count integer) returns text
language sql immutable set search_path = ''
as $$
    select case
        when slide_count = 0 then 'The deck has no slides: add some, then try again.'
        when slide_count > 500 then format('The deck has %s slides; 500 is the most.', slide_count)
    end;
$$;

-- The caller has locked the row and checked that no lease is held.
create function talk_tracks.start_job(
    job public.talk_track_jobs, lease_seconds double precision, chunk_size integer
)
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    snapshot jsonb := coalesce(job.deck, talk_tracks.deck_snapshot(job.deck_structure_id));
    slide_count integer := jsonb_array_length(snapshot -> 'slides');
    size integer := coalesce(job.chunk_size, start_job.chunk_size);
    error text := talk_tracks.deck_error(slide_count);
begin
    if error is null and job.attempts >= 5 then
        error := format('The work stopped %s times without progress. Saved chunks are kept: retry to continue.',
                        job.attempts);
    end if;
    if error is not null then
        update public.talk_track_jobs j set status = 'failed', error_message = error
        where j.id = job.id returning j.* into job;
        return jsonb_build_object('claimed', false, 'job', talk_tracks.job_state(job));
    end if;
    update public.talk_track_jobs j
    set status = 'processing', attempts = j.attempts + 1, deck = snapshot, chunk_size = size,
        total_chunks = (slide_count + size - 1) / size,
        started_at = coalesce(j.started_at, clock_timestamp()), lease_token = gen_random_uuid(),
        lease_expires_at = clock_timestamp() + make_interval(secs => lease_seconds)
    where j.id = job.id
    returning j.* into job;
    return jsonb_build_object(
        'claimed', true, 'job', talk_tracks.job_state(job), 'lease_token', job.lease_token,
        'deck', job.deck, 'chunk_size', job.chunk_size,
        'chunks', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'index', c.chunk_index, 'slides', c.slides, 'metadata', c.metadata) order by c.chunk_index), '[]')
            from public.talk_track_chunks c where c.job_id = job.id));
end;
$$;

create function talk_tracks.claim_job(job_id uuid, lease_seconds double precision, chunk_size integer)
returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
begin
    select j.* into job from public.talk_track_jobs j where j.id = claim_job.job_id for update;
    if job.id is null then
        return null;
    end if;
    if job.status = 'pending' or (job.status = 'processing' and job.lease_expires_at <= clock_timestamp()) then
        return talk_tracks.start_job(job, lease_seconds, chunk_size);
    end if;
    return jsonb_build_object('claimed', false, 'job', talk_tracks.job_state(job));
end;
$$;

create function talk_tracks.claim_next_job(lease_seconds double precision, chunk_size integer) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
    claim jsonb;
begin
    -- Serialize: two concurrent claims would both select the same user as the one with the fewest running jobs.
    perform pg_advisory_xact_lock(hashtext('claim_next_job'));
    loop
        select j.* into job
        from public.talk_track_jobs j
        where j.status = 'pending' or (j.status = 'processing' and j.lease_expires_at <= clock_timestamp())
        -- Fair between users: fewest running jobs first, then the user whose last start is longest ago.
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
        claim := talk_tracks.start_job(job, lease_seconds, chunk_size);
        if (claim -> 'claimed')::boolean then
            return claim;
        end if;
    end loop;
end;
$$;

comment on function talk_tracks.job_state(public.talk_track_jobs) is 'Render the state of a job for API clients.';
comment on function talk_tracks.deck_snapshot(uuid) is 'Return {title, audience, slides} of a deck.';
comment on function talk_tracks.deck_error(integer) is
    'Return why a deck of this many slides cannot have a talk track, or null. create_talk_track_job_v1 checks the same limits.';
comment on function talk_tracks.start_job(public.talk_track_jobs, double precision, integer) is
    'Lease a job to the caller, or fail it if its deck is invalid or five claims made no progress.';
comment on function talk_tracks.claim_job(uuid, double precision, integer) is
    'Return null for an unknown job; {claimed: false, job} for a finished or leased one; else the lease token, the deck and the saved chunks.';
comment on function talk_tracks.claim_next_job(double precision, integer) is
    'Claim the oldest waiting job of the user with the fewest running jobs; null if none is waiting.';
