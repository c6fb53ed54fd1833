-- Who owns what is in schema storage, and who may use it.

do $$
declare
  named record;
begin
  for named in
    select format('alter %s %s owner to supabase_storage_admin', kind, name) as statement,
      kind = 'table' and relname <> 'migrations' as is_table, name
    from (
      select case relkind when 'r' then 'table' end as kind, oid::regclass::text as name, relname
      from pg_class where relnamespace = 'storage'::regnamespace and relkind = 'r'
      union all
      select 'function', oid::regprocedure::text, proname
      from pg_proc where pronamespace = 'storage'::regnamespace
    ) as ours
  loop
    execute named.statement;
    if named.is_table then
      execute format('alter table %s enable row level security', named.name);
    end if;
  end loop;
end $$;

grant all on storage.buckets, storage.objects to postgres with grant option;
grant all on storage.buckets, storage.objects, storage.buckets_analytics, storage.prefixes
  to anon, authenticated, service_role;
grant all on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts to service_role;
grant select on storage.s3_multipart_uploads, storage.s3_multipart_uploads_parts
  to anon, authenticated;
grant all on storage.iceberg_namespaces, storage.iceberg_tables to service_role;
grant select on storage.iceberg_namespaces, storage.iceberg_tables to anon, authenticated;
grant select on storage.buckets_vectors, storage.vector_indexes
  to anon, authenticated, service_role;
