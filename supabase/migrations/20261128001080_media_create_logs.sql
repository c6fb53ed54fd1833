-- Create the logs of credits and of users' actions.

create table public.usage_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid references auth.users (id) on delete cascade,
    job_id uuid references public.jobs (id) on delete set null,
    action text not null check (action <> ''),
    credits_consumed numeric not null default 0 check (credits_consumed >= 0),
    format text,
    quality text,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (job_id, action)
);
create index usage_logs_user_id_idx on public.usage_logs (user_id, created_at desc);
comment on table public.usage_logs is 'What a user''s jobs cost: one row for each job and action.';

create table public.user_activity_log (
    id uuid primary key default gen_random_uuid(),
    user_id uuid references auth.users (id) on delete cascade,
    action text not null check (action <> ''),
    resource_type text,
    resource_id text,
    metadata jsonb not null default '{}',
    ip_address inet,
    user_agent text,
    created_at timestamptz not null default now()
);
create index user_activity_log_user_id_idx on public.user_activity_log (user_id, created_at desc);
comment on table public.user_activity_log is 'What users and admins have done.';
