-- Create media jobs. A job's state, its lease and its message in the queue change together.

create table public.projects (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    title text not null default 'Untitled project' check (title <> ''),
    description text,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.projects is 'A user''s media project: what chats and jobs can belong to.';
create index projects_user_id_idx on public.projects (user_id);

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    job_type text not null check (job_type in (
        'image_fast', 'image_high', 'video_fast', 'video_high', 'sdxl_image_fast', 'sdxl_image_high',
        'image7b_fast_enhanced', 'image7b_high_enhanced', 'video7b_fast_enhanced', 'video7b_high_enhanced',
        'wan_video_fast', 'wan_video_high', 'rv51_fast', 'rv51_high')),
    status text not null default 'queued'
        check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    format text not null check (format in ('image', 'video')),
    quality text not null check (quality in ('fast', 'high')),
    model_type text check (model_type in ('sdxl', 'wan', 'rv51', 'flux')),
    destination text not null default 'library' check (destination in ('library', 'workspace')),
    original_prompt text not null default '',
    enhanced_prompt text,
    template_name text,
    enhancement_strategy text check (length(enhancement_strategy) <= 50),
    enhancement_time_ms integer check (enhancement_time_ms >= 0),
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    error_message text,
    moderation_status text not null default 'pending'
        check (moderation_status in ('pending', 'approved', 'rejected', 'flagged')),
    project_id uuid references public.projects (id) on delete set null,
    workspace_session_id uuid,
    api_model_id uuid references public.api_models (id) on delete set null,
    idempotency_key text check (idempotency_key <> '' and length(idempotency_key) <= 255),
    priority smallint not null default 0 check (priority between -10 and 10),
    queue_name text,
    transport text not null default 'none' check (transport in ('pgmq', 'external', 'none')),
    message_id bigint,
    payload jsonb check (jsonb_typeof(payload) = 'object'),
    worker_id text,
    lease_expires_at timestamptz,
    attempts integer not null default 0 check (attempts >= 0),
    max_attempts integer not null default 3 check (max_attempts between 1 and 20),
    created_at timestamptz not null default now(),
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    updated_at timestamptz not null default now(),
    check (attempts <= max_attempts),
    check ((status = 'processing') = (lease_expires_at is not null)),
    check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null)),
    check (status <> 'processing' or started_at is not null),
    check (status <> 'failed' or error_message is not null),
    check ((transport = 'none') = (queue_name is null)),
    check (transport = 'none' or payload is not null)
);

create index jobs_user_id_idx on public.jobs (user_id, created_at desc);
create index jobs_project_idx on public.jobs (project_id);
create index jobs_api_model_idx on public.jobs (api_model_id);
create unique index jobs_idempotency_key_idx on public.jobs (user_id, idempotency_key);
create index jobs_lease_idx on public.jobs (lease_expires_at) where status = 'processing';
create index jobs_queued_idx on public.jobs (queue_name, queued_at) where status = 'queued';
create index jobs_finished_idx on public.jobs (job_type, completed_at desc) where status = 'completed';
create index jobs_prediction_idx on public.jobs ((metadata ->> 'prediction_id'));

comment on table public.jobs is 'A request for images or a video. Whoever holds the lease draws it; a terminal state is never left.';
comment on column public.jobs.transport is
    'pgmq: message_id in queue_name holds the payload; external: a Redis server does; none: a provider is called directly.';
comment on column public.jobs.payload is 'The message to the worker, sent again by a retry.';
comment on column public.jobs.attempts is 'How often a worker has taken the job.';
comment on column public.jobs.queued_at is 'When it was last put into the queue.';

create trigger set_updated_at before update on public.projects
    for each row execute function media.set_updated_at();
