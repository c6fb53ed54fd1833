-- Create what get-schema-info returns: the catalogue of `public`, and queries as a role that may read next to nothing.

create function public.describe_schema_v1() returns jsonb
language sql stable security definer set search_path = ''
as $$
    with tables as (
        select c.oid, c.relname, c.relkind, c.relrowsecurity, greatest(c.reltuples, 0)::bigint as rows
        from pg_catalog.pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm'))
    select jsonb_build_object(
        'tables', coalesce((select jsonb_agg(jsonb_build_object(
            'name', t.relname,
            'kind', case t.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
            'comment', pg_catalog.obj_description(t.oid, 'pg_class'),
            'row_security', t.relrowsecurity,
            'estimated_rows', t.rows,
            'columns', coalesce((
                select jsonb_agg(jsonb_build_object(
                    'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                    'nullable', not a.attnotnull, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
                    'comment', pg_catalog.col_description(t.oid, a.attnum)) order by a.attnum)
                from pg_catalog.pg_attribute a
                left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped), '[]'),
            'primary_key', (
                select coalesce(jsonb_agg(a.attname order by k.place), '[]')
                from pg_catalog.pg_constraint p, unnest(p.conkey) with ordinality as k (attnum, place)
                join pg_catalog.pg_attribute a on a.attnum = k.attnum
                where p.conrelid = t.oid and p.contype = 'p' and a.attrelid = t.oid),
            'relationships', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'name', f.conname, 'references', f.confrelid::regclass::text,
                    'definition', pg_catalog.pg_get_constraintdef(f.oid)) order by f.conname), '[]')
                from pg_catalog.pg_constraint f where f.conrelid = t.oid and f.contype = 'f')
            ) order by t.relname) from tables t), '[]'),
        'buckets', coalesce((
            select jsonb_agg(jsonb_build_object(
                'id', b.id, 'name', b.name, 'public', b.public, 'file_size_limit', b.file_size_limit,
                'allowed_mime_types', b.allowed_mime_types) order by b.id) from storage.buckets b), '[]'),
        'edgeFunctions', coalesce((
            select jsonb_agg(distinct m.function_name) from public.function_metrics m), '[]'));
$$;
comment on function public.describe_schema_v1() is
    'Tables with columns, keys and relationships, buckets, and the functions that have reported metrics; never rows.';

-- Reads the catalogue, and of the tables only those without anything personal.
do $$
begin
    if not exists (select from pg_roles where rolname = 'schema_reader') then
        create role schema_reader nologin noinherit;
    end if;
end $$;
grant schema_reader to current_user;
grant usage on schema public to schema_reader;
grant select on public.prompt_templates, public.negative_prompts, public.api_providers, public.api_models, public.function_metrics
    to schema_reader;
create policy "schema_reader reads templates" on public.prompt_templates for select to schema_reader using (true);
create policy "schema_reader reads negative prompts" on public.negative_prompts for select to schema_reader using (true);
create policy "schema_reader reads providers" on public.api_providers for select to schema_reader using (true);
create policy "schema_reader reads models" on public.api_models for select to schema_reader using (true);
create policy "schema_reader reads function metrics" on public.function_metrics for select to schema_reader using (true);

-- Security definer of that role: a query can neither leave it (set role is refused in here) nor write. A loop takes one statement only.
create function media.run_query(query text, most_rows integer, most_bytes integer) returns jsonb
language plpgsql stable security definer set search_path = 'public'
as $$
declare
    found_row jsonb;
    data jsonb[] := '{}';
    bytes integer := 0;
    is_truncated boolean := false;
begin
    perform set_config('transaction_read_only', 'on', true);
    perform set_config('request.jwt.claims', '', true);
    for found_row in execute
        'select to_jsonb(q) from (' || query || E'\n) as q limit ' || most_rows + 1
    loop
        bytes := bytes + octet_length(found_row::text);
        if cardinality(data) = most_rows or bytes > most_bytes then
            is_truncated := true;
            exit;
        end if;
        data := data || found_row;
    end loop;
    return jsonb_build_object('data', to_jsonb(data), 'truncated', is_truncated);
exception when others then
    return jsonb_build_object('error', sqlerrm, 'sqlstate', sqlstate);
end;
$$;
comment on function media.run_query(text, integer, integer) is
    'Run one SELECT, read-only, as schema_reader: {data, truncated} or {error, sqlstate}.';

grant create on schema media to schema_reader;
alter function media.run_query(text, integer, integer) owner to schema_reader;
revoke create on schema media from schema_reader;

-- The data API applies the timeout of a function before it calls it.
create function public.query_schema_v1(query text, most_rows integer default 100) returns jsonb
language sql stable set search_path = '' set statement_timeout = '5s'
as $$ select media.run_query(query_schema_v1.query, least(greatest(most_rows, 1), 1000), 1000000) $$;
comment on function public.query_schema_v1(text, integer) is
    'Run one SELECT as schema_reader within 5 s; at most 1,000 rows and 1 MB.';

revoke execute on function public.describe_schema_v1, public.query_schema_v1, media.run_query from public, anon, authenticated;
grant execute on function public.describe_schema_v1, public.query_schema_v1, media.run_query to service_role;
