-- Create the tables of talk tracks: projects, deck structures, talk tracks, jobs and their chunks.

create table public.funnel_projects (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    user_email text,
    name text not null check (name <> ''),
    slug text,
    description text,
    target_audience text,
    business_niche text,
    status text not null default 'draft' check (status in ('draft', 'active', 'archived')),
    current_step integer not null default 1 check (current_step >= 1),
    settings jsonb not null default '{}',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index funnel_projects_user_id_idx on public.funnel_projects (user_id);

create table public.deck_structures (
    id uuid primary key default gen_random_uuid(),
    funnel_project_id uuid not null references public.funnel_projects (id) on delete cascade,
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    template_type text not null default '55_slide_promo',
    total_slides integer not null default 55 check (total_slides >= 0),
    slides jsonb not null check (jsonb_typeof(slides) = 'array'),
    sections jsonb not null default '{}',
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index deck_structures_project_idx on public.deck_structures (funnel_project_id);
create index deck_structures_user_id_idx on public.deck_structures (user_id);

create table public.talk_tracks (
    id uuid primary key default gen_random_uuid(),
    funnel_project_id uuid not null references public.funnel_projects (id) on delete cascade,
    deck_structure_id uuid references public.deck_structures (id) on delete set null,
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    content text not null,
    slide_timings jsonb not null default '{}',
    total_duration integer check (total_duration >= 0),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index talk_tracks_project_idx on public.talk_tracks (funnel_project_id);
create index talk_tracks_deck_idx on public.talk_tracks (deck_structure_id);
create index talk_tracks_user_id_idx on public.talk_tracks (user_id);

create table public.talk_track_jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    funnel_project_id uuid not null references public.funnel_projects (id) on delete cascade,
    deck_structure_id uuid not null references public.deck_structures (id) on delete cascade,
    status text not null default 'pending'
        check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    progress integer not null default 0 check (progress between 0 and 100),
    current_chunk integer not null default 0 check (current_chunk >= 0),
    total_chunks integer not null default 0 check (total_chunks >= 0),
    error_message text,
    talk_track_id uuid references public.talk_tracks (id) on delete set null,
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deck jsonb,
    chunk_size integer check (chunk_size >= 1),
    chunk_seconds double precision check (chunk_seconds >= 0),
    attempts integer not null default 0 check (attempts >= 0),
    lease_token uuid,
    lease_expires_at timestamptz,
    check (current_chunk <= total_chunks),
    check ((status = 'completed') = (progress = 100))
);

create index talk_track_jobs_user_id_idx on public.talk_track_jobs (user_id);
create index talk_track_jobs_project_idx on public.talk_track_jobs (funnel_project_id);
create index talk_track_jobs_deck_idx on public.talk_track_jobs (deck_structure_id);
create index talk_track_jobs_track_idx on public.talk_track_jobs (talk_track_id);
create index talk_track_jobs_status_idx on public.talk_track_jobs (status);
create index talk_track_jobs_active_idx on public.talk_track_jobs (funnel_project_id, status)
    where status in ('pending', 'processing');

create table public.talk_track_chunks (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.talk_track_jobs (id) on delete cascade,
    chunk_index integer not null check (chunk_index >= 0),
    slides jsonb not null check (jsonb_typeof(slides) = 'array'),
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (job_id, chunk_index)
);

comment on column public.deck_structures.slides is 'Slides in order: {slideNumber, title, description, section}. The deck''s title is metadata.title.';
comment on column public.talk_tracks.slide_timings is '{totalDuration, slides: [{slideNumber, duration}]}; durations in seconds.';
comment on table public.talk_track_jobs is 'A request for a talk track and its progress; the worker that holds the lease processes it.';
comment on column public.talk_track_jobs.progress is 'Percentage of the chunks that are saved; 100 only when the talk track exists.';
comment on column public.talk_track_jobs.current_chunk is 'Number of saved chunks.';
comment on column public.talk_track_jobs.deck is 'Snapshot of the deck taken at the first claim: {title, audience, slides}. Later edits of the deck do not affect the job.';
comment on column public.talk_track_jobs.chunk_seconds is 'Average seconds per chunk.';
comment on column public.talk_track_jobs.attempts is 'Number of claims since a chunk was last saved.';
comment on table public.talk_track_chunks is 'A finished part of the script; slides: [{slideNumber, script, duration, notes}].';

comment on table public.funnel_projects is 'A funnel project of a user.';
comment on table public.deck_structures is 'The slides of a deck, in order.';
comment on table public.talk_tracks is 'A finished script for a deck, with the duration of each slide.';
