-- Create the tables of sales prompt generation: videos, transcripts, transcript chunks, generated outputs.

create extension if not exists vector with schema extensions;

create table public.videos (
    id uuid primary key default gen_random_uuid(),
    video_id text not null check (video_id <> ''),
    collection_id text not null check (collection_id <> ''),
    owner_id uuid default auth.uid() references auth.users (id) on delete cascade,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (video_id, collection_id)
);

create index videos_owner_id_idx on public.videos (owner_id);

create table public.transcripts (
    id uuid primary key default gen_random_uuid(),
    video_id uuid not null unique references public.videos (id) on delete cascade,
    full_text text not null check (full_text <> ''),
    content_hash text not null,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create table public.transcript_chunks (
    id uuid primary key default gen_random_uuid(),
    transcript_id uuid not null references public.transcripts (id) on delete cascade,
    chunk_text text not null,
    chunk_index integer not null check (chunk_index >= 0),
    embedding extensions.vector(1536) not null,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default now(),
    unique (transcript_id, chunk_index)
);

create index transcript_chunks_embedding_idx
    on public.transcript_chunks using hnsw (embedding extensions.vector_cosine_ops);

-- clock_timestamp() orders rows of one transaction, so that "the newest output" is always one row.
create table public.generated_outputs (
    id uuid primary key default gen_random_uuid(),
    video_id uuid not null references public.videos (id) on delete cascade,
    output_type text not null check (output_type <> ''),
    content text not null,
    training_data jsonb,
    metadata jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp()
);

create index generated_outputs_newest_idx
    on public.generated_outputs (video_id, output_type, created_at desc);
create index generated_outputs_training_data_idx
    on public.generated_outputs using gin (training_data);

comment on table public.videos is 'A recorded conversation. Its source identifies it by (collection_id, video_id); the pair is unique across owners.';
comment on column public.videos.id is 'The uuid that functions take as video_id and return as video_uuid.';
comment on column public.videos.video_id is 'The identifier given by the source of the video.';
comment on column public.videos.owner_id is 'The user who may see the row; null when a service created it.';
comment on table public.transcripts is 'The current transcript of a video, one per video; replaced when the text changes.';
comment on column public.transcripts.content_hash is
    'SHA-256 of all inputs of the chunks: text, splitting rules, embedding model and its provider.';
comment on column public.transcripts.metadata is 'embedding_model and embedding_origin, which identify the vector space; token_count, chunk_count.';
comment on table public.transcript_chunks is 'Overlapping pieces of a transcript, in order; together they cover the whole text.';
comment on column public.transcript_chunks.metadata is
    'char_start and char_end: the offsets of the chunk in full_text, end exclusive.';
comment on table public.generated_outputs is
    'Model outputs for a video. Each run adds rows and overwrites none; the newest row of an output_type is current.';
comment on column public.generated_outputs.output_type is 'analysis, structured_data, voice_prompt, …';
comment on column public.generated_outputs.content is 'Text; structured results are JSON text.';
comment on column public.generated_outputs.training_data is 'Input and output examples for fine-tuning, if any.';
comment on column public.generated_outputs.metadata is 'model, tokens, prompt version, sources.';
