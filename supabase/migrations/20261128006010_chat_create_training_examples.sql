-- Create training_examples: the examples of generated_outputs, one row each, to be found by meaning.

create table public.training_examples (
    id uuid primary key default gen_random_uuid(),
    output_id uuid not null references public.generated_outputs (id) on delete cascade,
    video_id uuid not null references public.videos (id) on delete cascade,
    position integer not null check (position >= 0),
    example jsonb not null check (jsonb_typeof(example) = 'object'),
    embedding extensions.vector(1536) not null,
    embedding_model text not null,
    embedding_origin text not null,
    created_at timestamptz not null default now(),
    unique (output_id, position)
);

create index training_examples_video_id_idx on public.training_examples (video_id);
create index training_examples_embedding_idx on public.training_examples
    using hnsw (embedding extensions.vector_cosine_ops);

alter table public.training_examples enable row level security;
revoke all on public.training_examples from public, anon, authenticated;
grant select, insert, delete on public.training_examples to authenticated;
grant select, insert, update, delete on public.training_examples to service_role;

-- The policies of generated_outputs apply inside these subqueries.
create policy "owners read training examples" on public.training_examples
    for select to authenticated using (exists (
        select from public.generated_outputs o where o.id = training_examples.output_id));
create policy "owners insert training examples" on public.training_examples
    for insert to authenticated with check (exists (
        select from public.generated_outputs o
        where o.id = training_examples.output_id and o.video_id = training_examples.video_id));
create policy "owners delete training examples" on public.training_examples
    for delete to authenticated using (exists (
        select from public.generated_outputs o where o.id = training_examples.output_id));

create function public.match_training_examples_v1(
    query_embedding extensions.vector(1536),
    match_count integer,
    p_video uuid default null,
    p_collection text default null,
    p_type text default null,
    p_model text default null,
    p_origin text default null
)
returns table (video_id uuid, example jsonb, similarity double precision)
language plpgsql stable security invoker
set search_path = ''
as $$
begin
    if current_setting('hnsw.iterative_scan', true) is not null then
        perform set_config('hnsw.iterative_scan', 'strict_order', true);
    end if;
    return query
        select e.video_id, e.example,
               1 - (e.embedding operator(extensions.<=>) query_embedding)
        from public.training_examples e
        join public.videos v on v.id = e.video_id
        where (p_video is null or e.video_id = p_video)
          and (p_collection is null or v.collection_id = p_collection)
          and (p_type is null or e.example ->> 'type' = p_type)
          and (p_model is null or e.embedding_model = p_model)
          and (p_origin is null or e.embedding_origin = p_origin)
          -- As everywhere, the newest output of a video is the current one.
          and not exists (
              select from public.generated_outputs o
              join public.generated_outputs own on own.id = e.output_id
              where o.video_id = e.video_id and o.output_type = 'training_data'
                and (o.created_at, o.id) > (own.created_at, own.id))
        order by e.embedding operator(extensions.<=>) query_embedding
        limit least(greatest(match_count, 0), 100);
end;
$$;

comment on table public.training_examples is 'Examples for fine-tuning with their embeddings, copied from generated_outputs.training_data.';
comment on function public.match_training_examples_v1(extensions.vector, integer, uuid, text, text, text, text) is
    'Return the match_count examples nearest to query_embedding that the caller may see, of each video''s newest output, nearest first.';
revoke all on function public.match_training_examples_v1(extensions.vector, integer, uuid, text, text, text, text)
    from public, anon;
grant execute on function public.match_training_examples_v1(extensions.vector, integer, uuid, text, text, text, text)
    to authenticated, service_role;
