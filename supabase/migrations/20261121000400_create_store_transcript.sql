-- Storing a transcript: one call, one transaction, whole or not at all.

create function public.describe_transcript(transcript public.transcripts, reused boolean)
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

create function public.reuse_transcript(
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
    where v.video_id = reuse_transcript.video_id
      and v.collection_id = reuse_transcript.collection_id
      and t.content_hash = reuse_transcript.content_hash;
    if stored.id is null then
        return null;
    end if;
    update public.videos v set metadata = v.metadata || reuse_transcript.metadata
    where v.id = stored.video_id and not v.metadata @> reuse_transcript.metadata;
    return public.describe_transcript(stored, true);
end;
$$;

create function public.store_transcript(video jsonb, transcript jsonb, chunks jsonb)
returns jsonb
language plpgsql security invoker
set search_path = ''
as $$
declare
    the_video uuid;
    stored public.transcripts;
begin
    -- Of two calls at once the second waits here, on the unique key or on the row, for the first to commit.
    insert into public.videos (video_id, collection_id, metadata)
    values (video ->> 'video_id', video ->> 'collection_id', coalesce(video -> 'metadata', '{}'))
    on conflict (video_id, collection_id) do nothing
    returning id into the_video;

    if the_video is null then
        update public.videos v
        set metadata = v.metadata || coalesce(store_transcript.video -> 'metadata', '{}')
        where v.video_id = video ->> 'video_id' and v.collection_id = video ->> 'collection_id'
        returning v.id into the_video;
    end if;
    -- A name is unique across owners, so this tells that somebody uses it, and nothing else about it.
    if the_video is null then
        raise exception 'The video % of the collection % belongs to somebody else.',
            video ->> 'video_id', video ->> 'collection_id'
            using errcode = 'PT409', detail = 'VIDEO_TAKEN';
    end if;

    select t.* into stored from public.transcripts t where t.video_id = the_video;
    if stored.content_hash = transcript ->> 'content_hash' then
        return public.describe_transcript(stored, true);
    end if;

    delete from public.transcripts t where t.video_id = the_video;
    insert into public.transcripts (video_id, full_text, content_hash, metadata)
    values (the_video, transcript ->> 'full_text', transcript ->> 'content_hash',
            coalesce(transcript -> 'metadata', '{}'))
    returning * into stored;
    insert into public.transcript_chunks (transcript_id, chunk_index, chunk_text, embedding, metadata)
    select stored.id, c.index, c.text, c.embedding::extensions.vector,
           jsonb_build_object('char_start', c.char_start, 'char_end', c.char_end)
    from jsonb_to_recordset(chunks)
        as c (index integer, text text, embedding text, char_start integer, char_end integer);
    return public.describe_transcript(stored, false);
end;
$$;

revoke execute on function
    public.describe_transcript(public.transcripts, boolean),
    public.reuse_transcript(text, text, text, jsonb),
    public.store_transcript(jsonb, jsonb, jsonb)
    from public, anon;
grant execute on function
    public.describe_transcript(public.transcripts, boolean),
    public.reuse_transcript(text, text, text, jsonb),
    public.store_transcript(jsonb, jsonb, jsonb)
    to authenticated, service_role;

comment on function public.describe_transcript(public.transcripts, boolean) is
    'What the two functions below answer: {video_uuid, transcript_id, metadata, reused}.';
comment on function public.reuse_transcript(text, text, text, jsonb) is
    'The stored transcript of a video if it has this content_hash, else null; merges metadata into the video.';
comment on function public.store_transcript(jsonb, jsonb, jsonb) is
    'Upsert video {collection_id, video_id, metadata}; replace its transcript {full_text, content_hash, metadata} and chunks [{index, text, embedding, char_start, char_end}], unless the hash is already stored. VIDEO_TAKEN if the name belongs to another owner, who thereby can be known to exist.';
