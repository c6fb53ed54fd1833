-- Create list_collections_v1: the collections of a user, with those that only videos name.

create function public.list_collections_v1(p_owner uuid)
returns table (id text, name text, description text, video_count bigint)
language sql stable security invoker
set search_path = ''
as $$
    with counted as (
        select v.collection_id, count(*) as videos
        from public.videos v
        where v.owner_id is not distinct from p_owner
        group by v.collection_id
    )
    select coalesce(c.id, n.collection_id), coalesce(c.name, n.collection_id),
           coalesce(c.description, ''), coalesce(n.videos, 0)
    from (select * from public.collections where owner_id is not distinct from p_owner) c
    full join counted n on n.collection_id = c.id
    order by coalesce(c.id, n.collection_id) <> 'default', c.created_at nulls last, 1
    limit 1000;
$$;

revoke all on function public.list_collections_v1(uuid) from public, anon, authenticated;
grant execute on function public.list_collections_v1(uuid) to service_role;

comment on function public.list_collections_v1(uuid) is
    'Return a user''s collections (null: those without owner), ''default'' first, at most 1,000.';
