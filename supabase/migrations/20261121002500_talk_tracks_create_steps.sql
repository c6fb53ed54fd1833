-- Create the steps of a job, each one transaction that checks the lease, and the removal of old jobs.

create function talk_tracks.save_chunk(
    job_id uuid, lease_token uuid, chunk_index integer, slides jsonb, metadata jsonb
)
returns boolean
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
    expected integer;
    saved integer;
begin
    job := talk_tracks.lock_leased_job(save_chunk.job_id, save_chunk.lease_token);
    if job.id is null then
        return false;
    end if;
    expected := least(job.chunk_size, jsonb_array_length(job.deck -> 'slides') - chunk_index * job.chunk_size);
    if expected is distinct from (
        select count(distinct s ->> 'slideNumber') from jsonb_array_elements(slides) s
    ) or expected <> jsonb_array_length(slides) then
        raise exception 'Chunk % has % slides, each once.', chunk_index, expected;
    end if;
    insert into public.talk_track_chunks as c (job_id, chunk_index, slides, metadata)
    values (job.id, save_chunk.chunk_index, save_chunk.slides, save_chunk.metadata)
    on conflict on constraint talk_track_chunks_job_id_chunk_index_key do nothing;
    select count(*) into saved from public.talk_track_chunks c where c.job_id = job.id;
    update public.talk_track_jobs j
    set current_chunk = saved, progress = greatest(j.progress, least(99, saved * 100 / j.total_chunks)), attempts = 0,
        chunk_seconds = (
            select avg((c.metadata ->> 'seconds')::double precision)
            from public.talk_track_chunks c where c.job_id = job.id)
    where j.id = job.id;
    return true;
end;
$$;

create function talk_tracks.finish_job(job_id uuid, lease_token uuid, talk_track jsonb) returns boolean
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
    track_id uuid;
begin
    job := talk_tracks.lock_leased_job(finish_job.job_id, finish_job.lease_token);
    if job.id is null then
        -- A repeated call whose first response was lost returns true as well.
        return exists (
            select from public.talk_track_jobs j
            where j.id = finish_job.job_id and j.status = 'completed'
              and j.lease_token = finish_job.lease_token);
    end if;
    if job.current_chunk <> job.total_chunks then
        raise exception '% of % chunks are saved.', job.current_chunk, job.total_chunks;
    end if;
    insert into public.talk_tracks
        (funnel_project_id, deck_structure_id, user_id, content, slide_timings, total_duration, metadata)
    values (
        job.funnel_project_id, job.deck_structure_id, job.user_id, talk_track ->> 'content',
        talk_track -> 'slide_timings', (talk_track ->> 'total_duration')::integer, talk_track -> 'metadata')
    returning id into track_id;
    update public.talk_track_jobs j set status = 'completed', progress = 100, talk_track_id = track_id
    where j.id = job.id;
    return true;
end;
$$;

create function talk_tracks.fail_job(job_id uuid, lease_token uuid, message text) returns boolean
language plpgsql set search_path = ''
as $$
declare
    job public.talk_track_jobs;
begin
    job := talk_tracks.lock_leased_job(fail_job.job_id, fail_job.lease_token);
    update public.talk_track_jobs j set status = 'failed', error_message = message where j.id = job.id;
    return found;
end;
$$;

create function talk_tracks.delete_finished_jobs(completed_days double precision, other_days double precision default null)
returns integer
language plpgsql set search_path = ''
as $$
declare
    deleted integer;
begin
    delete from public.talk_track_jobs j
    where (j.status = 'completed' and j.completed_at < now() - make_interval(secs => completed_days * 86400))
       or (j.status in ('failed', 'cancelled') and j.completed_at < now() - make_interval(secs => other_days * 86400));
    get diagnostics deleted = row_count;
    return deleted;
end;
$$;

comment on function talk_tracks.save_chunk(uuid, uuid, integer, jsonb, jsonb) is
    'Save a chunk and update the progress. Return false if the lease is not held; saving a chunk again changes nothing.';
comment on function talk_tracks.finish_job(uuid, uuid, jsonb) is
    'Insert the talk track {content, slide_timings, total_duration, metadata} and complete the job, once; false if the lease is not held.';
comment on function talk_tracks.fail_job(uuid, uuid, text) is 'Mark the job as failed; false if the lease is not held.';
comment on function talk_tracks.delete_finished_jobs(double precision, double precision) is
    'Delete jobs that completed this many days ago, failed and cancelled ones only if other_days is given; talk tracks stay. Returns the number of deleted jobs.';
