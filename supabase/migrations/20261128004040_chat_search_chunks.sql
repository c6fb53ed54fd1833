-- Create search_chunks_v1: vector search over the caller's chunks, with their videos.

create function public.search_chunks_v1(
    query_embedding extensions.vector(1536),
    match_count integer,
    p_video text default null,
    p_collection text default null,
    p_owner uuid default null,
    p_any_owner boolean default true,
    p_model text default null,
    p_origin text default null
)
returns table (
    video_id uuid, video_name text, collection_id text, video_metadata jsonb,
    chunk_text text, char_start integer, similarity double precision
)
language plpgsql stable security invoker
set search_path = ''
as $$
begin
    -- The index has no filters: it goes on until enough rows pass them (pgvector 0.8 and later).
    if current_setting('hnsw.iterative_scan', true) is not null then
        perform set_config('hnsw.iterative_scan', 'strict_order', true);
    end if;
    return query
        select v.id, v.video_id, v.collection_id, v.metadata, c.chunk_text,
               (c.metadata ->> 'char_start')::integer,
               1 - (c.embedding operator(extensions.<=>) query_embedding)
        from public.transcript_chunks c
        join public.transcripts t on t.id = c.transcript_id
        join public.videos v on v.id = t.video_id
        where (p_video is null or v.video_id = p_video or v.id::text = p_video)
          and (p_collection is null or v.collection_id = p_collection)
          and (p_any_owner or v.owner_id is not distinct from p_owner)
          and (p_model is null or t.metadata ->> 'embedding_model' = p_model)
          and (p_origin is null or t.metadata ->> 'embedding_origin' = p_origin)
        order by c.embedding operator(extensions.<=>) query_embedding
        limit least(greatest(match_count, 0), 100);
end;
$$;

revoke all on function public.search_chunks_v1(extensions.vector, integer, text, text, uuid, boolean, text, text)
    from public, anon;
grant execute on function public.search_chunks_v1(extensions.vector, integer, text, text, uuid, boolean, text, text)
    to authenticated, service_role;

comment on function public.search_chunks_v1(extensions.vector, integer, text, text, uuid, boolean, text, text) is
    'Return the match_count chunks nearest to query_embedding among the videos that the caller may see, nearest first; p_model and p_origin keep to one vector space.';
