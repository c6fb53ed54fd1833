-- Create the registry of workers: what draws, chats or enhances, and how healthy it is.

create table public.workers (
    id uuid primary key default gen_random_uuid(),
    worker_type text not null check (worker_type in ('sdxl', 'wan', 'chat')),
    kind text not null default 'pull' check (kind in (
        'pull', 'local', 'openai-images', 'openai-chat', 'comfyui', 'automatic1111', 'runpod', 'replicate', 'fal')),
    base_url text not null check (base_url ~ '^https?://[^[:space:]]+$' and length(base_url) <= 2000),
    modalities text[] not null default '{}',
    models text[] not null default '{}',
    key_secret text check (key_secret ~ '^[A-Z][A-Z0-9_]*$'),
    concurrency integer not null default 1 check (concurrency between 1 and 1000),
    weight integer not null default 1 check (weight between 1 and 1000),
    enabled boolean not null default true,
    health text not null default 'unknown' check (health in ('unknown', 'healthy', 'unhealthy')),
    health_error text,
    latency_ms integer check (latency_ms >= 0),
    failures integer not null default 0 check (failures >= 0),
    first_failure_at timestamptz,
    blocked_until timestamptz,
    in_flight integer not null default 0 check (in_flight >= 0),
    last_used_at timestamptz,
    last_seen_at timestamptz,
    last_checked_at timestamptz,
    registration jsonb not null default '{}' check (jsonb_typeof(registration) = 'object'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (worker_type, base_url)
);
create index workers_candidates_idx on public.workers (worker_type, health) where enabled;

comment on table public.workers is 'A worker that is reached by HTTP. The old keys of system_config.config are written from these rows.';
comment on column public.workers.key_secret is 'The environment variable with the worker''s key.';
comment on column public.workers.blocked_until is 'Until when it gets no requests, after repeated failures.';

create trigger set_updated_at before update on public.workers
    for each row execute function media.set_updated_at();
