-- Create the RPC of workspace-actions. The function copies files first; a row names only files that are there.
-- All take the user from the verified token; what is another user's is not found.

-- Raises what save_to_library_v1 would, before a file is copied. The lock keeps two saves of an owner from exceeding the quota together.
create function public.check_library_room_v1(owner_id uuid, collection_id uuid, needed_bytes bigint, quota_bytes bigint) returns void
language plpgsql set search_path = ''
as $$
declare
    used bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('media.library:' || owner_id, 0));
    if check_library_room_v1.collection_id is not null and not exists (
        select from public.user_collections c where c.id = check_library_room_v1.collection_id and c.user_id = owner_id) then
        raise exception 'Collection not found' using errcode = 'PT404', detail = 'COLLECTION_NOT_FOUND';
    end if;
    select coalesce(sum(l.file_size_bytes), 0) into used from public.user_library l where l.user_id = owner_id;
    if used + needed_bytes > quota_bytes then
        raise exception 'The library is full: % of % bytes are used. Delete something from it first.', used, quota_bytes
            using errcode = 'PT409', detail = 'LIBRARY_FULL';
    end if;
end;
$$;
comment on function public.check_library_room_v1(uuid, uuid, bigint, bigint) is
    'Raise LIBRARY_FULL if that many bytes exceed the owner''s quota, COLLECTION_NOT_FOUND if the collection is not the owner''s.';

-- Security invoker: service_role calls them, and may read and write these tables.
create function public.save_to_library_v1(owner_id uuid, asset_id uuid, saved jsonb, quota_bytes bigint) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    asset public.workspace_assets;
    item public.user_library;
begin
    perform pg_advisory_xact_lock(hashtextextended('media.library:' || owner_id, 0));
    select l.* into item from public.user_library l
    where l.user_id = owner_id and l.source_asset_id = save_to_library_v1.asset_id;
    if found then
        return jsonb_build_object('id', item.id, 'is_new', false);
    end if;
    select a.* into asset from public.workspace_assets a
    where a.id = save_to_library_v1.asset_id and a.user_id = owner_id for key share;
    if not found then
        raise exception 'Asset not found' using errcode = 'PT404', detail = 'ASSET_NOT_FOUND';
    end if;
    perform public.check_library_room_v1(
        owner_id, (saved ->> 'collection_id')::uuid, (saved ->> 'file_size_bytes')::bigint, quota_bytes);
    insert into public.user_library (
        user_id, source_asset_id, asset_type, storage_path, thumbnail_path, file_size_bytes, mime_type,
        duration_seconds, original_prompt, model_used, generation_seed, width, height, collection_id, custom_title, tags)
    values (
        owner_id, asset.id, asset.asset_type, saved ->> 'storage_path', saved ->> 'thumbnail_path',
        (saved ->> 'file_size_bytes')::bigint, asset.mime_type, asset.duration_seconds, asset.original_prompt,
        asset.model_used, asset.generation_seed, asset.width, asset.height, (saved ->> 'collection_id')::uuid,
        saved ->> 'custom_title', coalesce(array(select jsonb_array_elements_text(saved -> 'tags')), '{}'))
    returning * into item;
    return jsonb_build_object('id', item.id, 'is_new', true);
end;
$$;
comment on function public.save_to_library_v1(uuid, uuid, jsonb, bigint) is
    'Add the asset, whose copy is at saved.storage_path, to the library; return {id, is_new}, the existing row if it was saved before.';

-- The copy in the workspace has an id that follows from the library's, so that two clicks make one.
create function public.copy_to_workspace_v1(owner_id uuid, library_id uuid, asset_id uuid, saved jsonb) returns jsonb
language plpgsql set search_path = ''
as $$
declare
    item public.user_library;
    job_id uuid;
begin
    perform pg_advisory_xact_lock(hashtextextended('media.workspace:' || asset_id, 0));
    if exists (select from public.workspace_assets a where a.id = copy_to_workspace_v1.asset_id and a.user_id = owner_id) then
        return jsonb_build_object('id', asset_id, 'is_new', false);
    end if;
    select l.* into item from public.user_library l where l.id = library_id and l.user_id = owner_id;
    if not found then
        raise exception 'Library item not found' using errcode = 'PT404', detail = 'LIBRARY_ITEM_NOT_FOUND';
    end if;
    insert into public.jobs (
        user_id, job_type, status, format, quality, model_type, destination, original_prompt, metadata,
        started_at, completed_at)
    values (
        owner_id, case item.asset_type when 'video' then 'wan_video_high' else 'sdxl_image_high' end, 'completed',
        item.asset_type, 'high', case item.asset_type when 'video' then 'wan' else 'sdxl' end, 'workspace',
        item.original_prompt, jsonb_build_object('source', 'library_copy', 'library_asset_id', item.id), now(), now())
    returning id into job_id;
    insert into public.workspace_assets (
        id, user_id, job_id, asset_type, temp_storage_path, thumbnail_path, file_size_bytes, mime_type,
        duration_seconds, generation_seed, original_prompt, model_used, generation_settings, width, height)
    values (
        copy_to_workspace_v1.asset_id, owner_id, job_id, item.asset_type, saved ->> 'storage_path', saved ->> 'thumbnail_path',
        (saved ->> 'file_size_bytes')::bigint, item.mime_type, item.duration_seconds, coalesce(item.generation_seed, 0),
        item.original_prompt, item.model_used, jsonb_build_object('source', 'library_copy', 'library_asset_id', item.id),
        item.width, item.height);
    return jsonb_build_object('id', asset_id, 'is_new', true);
end;
$$;
comment on function public.copy_to_workspace_v1(uuid, uuid, uuid, jsonb) is
    'Add the library item, whose copy is at saved.storage_path, to the workspace with a completed job; return {id, is_new}.';

revoke execute on function public.check_library_room_v1, public.save_to_library_v1, public.copy_to_workspace_v1 from public, anon, authenticated;
grant execute on function public.check_library_room_v1, public.save_to_library_v1, public.copy_to_workspace_v1 to service_role;
