-- Create match_chunks: vector search over the chunks visible to the caller.
-- Its name and signature are public API for supabase clients, so it has no version suffix.

create function public.match_chunks(
    query_embedding extensions.vector(1536),
    match_count integer,
    filter_video uuid default null
)
returns table (
    id uuid,
    chunk_text text,
    chunk_index integer,
    transcript_id uuid,
    similarity double precision
)
language plpgsql stable security invoker
set search_path = ''
as $$
begin
    -- HNSW filters after the index scan, which would drop most chunks of one video among many.
    -- One video has a few hundred chunks: compare them exactly.
    if filter_video is not null then
        return query
            with measured as materialized (
                select c.id, c.chunk_text, c.chunk_index, c.transcript_id,
                       c.embedding operator(extensions.<=>) query_embedding as distance
                from public.transcript_chunks c
                join public.transcripts t on t.id = c.transcript_id
                where t.video_id = filter_video
            )
            select m.id, m.chunk_text, m.chunk_index, m.transcript_id, 1 - m.distance
            from measured m
            order by m.distance, m.chunk_index
            limit greatest(match_count, 0);
        return;
    end if;
    -- Row-level security also filters after the index scan; from pgvector 0.8 on the scan continues until
    -- enough rows pass. Set per transaction, because only a superuser could restore a function that has this
    -- setting from a dump. Older versions lack the setting and return fewer rows.
    if current_setting('hnsw.iterative_scan', true) is not null then
        perform set_config('hnsw.iterative_scan', 'strict_order', true);
    end if;
    return query
        select c.id, c.chunk_text, c.chunk_index, c.transcript_id,
               1 - (c.embedding operator(extensions.<=>) query_embedding)
        from public.transcript_chunks c
        order by c.embedding operator(extensions.<=>) query_embedding
        limit greatest(match_count, 0);
end;
$$;

comment on function public.match_chunks(extensions.vector, integer, uuid) is
    'Return the match_count chunks nearest to query_embedding by cosine distance, nearest first, of one video or of all videos visible to the caller.';
