-- Create the RPC functions that store a transcript with its chunks in one transaction.

-- The data API exposes only `public`; functions in this schema are called by the RPC functions below.
create schema conversations;
grant usage on schema conversations to authenticated, service_role;

create function conversations.render_transcript(transcript public.transcripts, reused boolean)
returns jsonb
language sql stable
set search_path = ''
as $$
    select jsonb_build_object(
        'video_uuid', transcript.video_id,
        'transcript_id', transcript.id,
        'metadata', transcript.metadata,
        'reused', reused
    );
$$;

create function public.reuse_transcript_v1(
    collection_id text,
    video_id text,
    content_hash text,
    metadata jsonb default '{}'
)
returns jsonb
language plpgsql security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    stored public.transcripts;
begin
    select t.* into stored
    from public.transcripts t
    join public.videos v on v.id = t.video_id
    where v.video_id = reuse_transcript_v1.video_id
      and v.collection_id = reuse_transcript_v1.collection_id
      and t.content_hash = reuse_transcript_v1.content_hash;
    if stored.id is null then
        return null;
    end if;
    update public.videos v set metadata = v.metadata || reuse_transcript_v1.metadata
    where v.id = stored.video_id and not v.metadata @> reuse_transcript_v1.metadata;
    return conversations.render_transcript(stored, true);
end;
$$;

create function public.store_transcript_v1(video jsonb, transcript jsonb, chunks jsonb)
returns jsonb
language plpgsql security invoker
set search_path = ''
as $$
declare
    stored_video_id uuid;
    stored public.transcripts;
begin
    -- Of two concurrent calls the second waits here, on the unique key or on the row, until the first commits.
    insert into public.videos (video_id, collection_id, metadata)
    values (video ->> 'video_id', video ->> 'collection_id', coalesce(video -> 'metadata', '{}'))
    on conflict (video_id, collection_id) do nothing
    returning id into stored_video_id;

    if stored_video_id is null then
        update public.videos v
        set metadata = v.metadata || coalesce(store_transcript_v1.video -> 'metadata', '{}')
        where v.video_id = video ->> 'video_id' and v.collection_id = video ->> 'collection_id'
        returning v.id into stored_video_id;
    end if;
    -- The pair is unique across owners, so this error reveals that it is in use and nothing else.
    if stored_video_id is null then
        raise exception 'The video % of the collection % belongs to another owner.',
            video ->> 'video_id', video ->> 'collection_id'
            using errcode = 'PT409', detail = 'VIDEO_TAKEN';
    end if;

    select t.* into stored from public.transcripts t where t.video_id = stored_video_id;
    if stored.content_hash = transcript ->> 'content_hash' then
        return conversations.render_transcript(stored, true);
    end if;

    delete from public.transcripts t where t.video_id = stored_video_id;
    insert into public.transcripts (video_id, full_text, content_hash, metadata)
    values (stored_video_id, transcript ->> 'full_text', transcript ->> 'content_hash',
            coalesce(transcript -> 'metadata', '{}'))
    returning * into stored;
    insert into public.transcript_chunks (transcript_id, chunk_index, chunk_text, embedding, metadata)
    select stored.id, c.index, c.text, c.embedding::extensions.vector,
           jsonb_build_object('char_start', c.char_start, 'char_end', c.char_end)
    from jsonb_to_recordset(chunks)
        as c (index integer, text text, embedding text, char_start integer, char_end integer);
    return conversations.render_transcript(stored, false);
end;
$$;

comment on function conversations.render_transcript(public.transcripts, boolean) is
    'Render the result of reuse_transcript_v1 and store_transcript_v1: {video_uuid, transcript_id, metadata, reused}.';
comment on function public.reuse_transcript_v1(text, text, text, jsonb) is
    'Return the stored transcript of a video if it has this content_hash, else null; merges metadata into the video.';
comment on function public.store_transcript_v1(jsonb, jsonb, jsonb) is
    'Upsert video {collection_id, video_id, metadata}; replace its transcript {full_text, content_hash, metadata} and chunks [{index, text, embedding, char_start, char_end}], unless the hash is already stored. Raises VIDEO_TAKEN if another owner has this (collection_id, video_id).';
