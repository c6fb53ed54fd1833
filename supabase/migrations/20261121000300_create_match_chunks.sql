-- Vector search over the chunks that the caller may see.

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
    -- HNSW finds neighbours first and filters after, so one video among many would starve:
    -- its few hundred chunks are compared exactly instead.
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
    -- Row security filters after the index too; from pgvector 0.8 on the scan goes on until enough rows
    -- pass. Set here and for this transaction: as a setting of the function only a superuser could
    -- restore it from a dump. Older versions do not know it, and return fewer rows.
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

revoke execute on function public.match_chunks(extensions.vector, integer, uuid) from public, anon;
grant execute on function public.match_chunks(extensions.vector, integer, uuid)
    to authenticated, service_role;

comment on function public.match_chunks(extensions.vector, integer, uuid) is
    'The match_count chunks nearest to query_embedding by cosine, nearest first, of one video or of all that the caller may see.';
