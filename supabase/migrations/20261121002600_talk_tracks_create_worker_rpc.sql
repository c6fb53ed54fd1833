-- Create the RPC functions for workers. They only delegate, so that their names and signatures can stay stable during
-- a rolling deployment: a changed signature gets a new version beside the old one.

create function public.claim_talk_track_job_v1(
    job_id uuid, lease_seconds double precision, chunk_size integer
)
returns jsonb
language sql set search_path = '' as $$
    select talk_tracks.claim_job($1, $2, $3);
$$;

create function public.claim_next_talk_track_job_v1(lease_seconds double precision, chunk_size integer) returns jsonb
language sql set search_path = '' as $$
    select talk_tracks.claim_next_job($1, $2);
$$;

create function public.renew_talk_track_lease_v1(
    job_id uuid, lease_token uuid, lease_seconds double precision
)
returns boolean
language sql set search_path = '' as $$
    select talk_tracks.renew_lease($1, $2, $3);
$$;

create function public.release_talk_track_job_v1(job_id uuid, lease_token uuid) returns boolean
language sql set search_path = '' as $$
    select talk_tracks.release_job($1, $2);
$$;

create function public.save_talk_track_chunk_v1(
    job_id uuid, lease_token uuid, chunk_index integer, slides jsonb, metadata jsonb
)
returns boolean
language sql set search_path = '' as $$
    select talk_tracks.save_chunk($1, $2, $3, $4, $5);
$$;

create function public.finish_talk_track_job_v1(job_id uuid, lease_token uuid, talk_track jsonb) returns boolean
language sql set search_path = '' as $$
    select talk_tracks.finish_job($1, $2, $3);
$$;

create function public.fail_talk_track_job_v1(job_id uuid, lease_token uuid, message text) returns boolean
language sql set search_path = '' as $$
    select talk_tracks.fail_job($1, $2, $3);
$$;

create function public.delete_finished_talk_track_jobs_v1(
    completed_days double precision, other_days double precision default null
)
returns integer
language sql set search_path = '' as $$
    select talk_tracks.delete_finished_jobs($1, $2);
$$;

comment on function public.claim_talk_track_job_v1(uuid, double precision, integer) is
    'Claim a job: see talk_tracks.claim_job.';
comment on function public.claim_next_talk_track_job_v1(double precision, integer) is
    'Claim the next waiting job: see talk_tracks.claim_next_job.';
comment on function public.renew_talk_track_lease_v1(uuid, uuid, double precision) is
    'Extend a lease: see talk_tracks.renew_lease.';
comment on function public.release_talk_track_job_v1(uuid, uuid) is
    'Return a lease: see talk_tracks.release_job.';
comment on function public.save_talk_track_chunk_v1(uuid, uuid, integer, jsonb, jsonb) is
    'Save a chunk: see talk_tracks.save_chunk.';
comment on function public.finish_talk_track_job_v1(uuid, uuid, jsonb) is
    'Complete a job: see talk_tracks.finish_job.';
comment on function public.fail_talk_track_job_v1(uuid, uuid, text) is
    'Fail a job: see talk_tracks.fail_job.';
comment on function public.delete_finished_talk_track_jobs_v1(double precision, double precision) is
    'Delete old jobs: see talk_tracks.delete_finished_jobs.';
