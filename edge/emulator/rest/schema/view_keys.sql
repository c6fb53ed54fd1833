-- The keys whose columns a view or materialized view shows, by the rewrite rules, through views of views.
-- $1: the schemas whose views are embedded; $2: those that views in between may be in, as well.
-- The rule's tree is made JSON of only its target list, by replacing text; see PostgREST's
-- SchemaCache.hs (allViewsKeyDependencies), where this comes from (MIT licence).
with recursive pks_fks as (
  select
    k.contype::text as contype, k.conname, k.conrelid as keyrelid,
    cardinality(k.conkey) as ncol, k.conrelid as resorigtbl, c.col as resorigcol, c.ord
  from pg_catalog.pg_constraint k
  cross join lateral unnest(k.conkey) with ordinality as c(col, ord)
  where k.contype in ('p', 'f') and k.conparentid = 0
  union all
  select
    'f_ref', k.conname, k.conrelid, cardinality(k.confkey), k.confrelid, c.col, c.ord
  from pg_catalog.pg_constraint k
  cross join lateral unnest(k.confkey) with ordinality as c(col, ord)
  where k.contype = 'f' and k.conparentid = 0
),
views as (
  select
    c.oid as view_id, n.nspname as view_schema, c.relname as view_name, r.ev_action::text as tree
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_rewrite r on r.ev_class = c.oid
  where c.relkind in ('v', 'm') and (n.nspname = any ($1) or n.nspname = any ($2))
),
trees as (
  select view_id, view_schema, view_name,
    replace(replace(replace(replace(replace(replace(replace(regexp_replace(
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
      tree,
      '<>', '()'),
      ',', ''),
      E'\\{', ''),
      E'\\}', ''),
      ' :targetList ', ',"targetList":'),
      ' :resno ', ',"resno":'),
      ' :resorigtbl ', ',"resorigtbl":'),
      ' :resorigcol ', ',"resorigcol":'),
      '{', '{ :'),
      '((', '{(('),
      '({', '{({'),
      ' :[^}{,]+', ',"":', 'g'),
      ',"":}', '}'),
      ',"":,', ','),
      '{(', '('),
      '{,', '{'),
      '(', '['),
      ')', ']'),
      ' ', ',')::json as tree
  from views
),
results as materialized (
  select t.view_id, t.view_schema, t.view_name,
    (e.entry ->> 'resno')::int as view_column,
    (e.entry ->> 'resorigtbl')::oid as resorigtbl,
    (e.entry ->> 'resorigcol')::int as resorigcol
  from trees t
  cross join lateral json_array_elements(t.tree -> 0 -> 'targetList') as e(entry)
),
origins (view_id, view_schema, view_name, view_column, resorigtbl, resorigcol, path) as (
  select r.*, array[r.resorigtbl] from results r where r.view_schema = any ($1)
  union all
  select o.view_id, o.view_schema, o.view_name, o.view_column, r.resorigtbl, r.resorigcol,
    o.path || r.resorigtbl
  from origins o
  join results r on o.resorigtbl = r.view_id and o.resorigcol = r.view_column
  where r.resorigtbl <> all (o.path)
),
shown as (
  select o.view_id, o.view_schema, o.view_name, o.resorigtbl, o.resorigcol,
    json_agg(a.attname order by a.attnum) as names
  from origins o
  join pg_catalog.pg_attribute a on a.attrelid = o.view_id and a.attnum = o.view_column
  group by o.view_id, o.view_schema, o.view_name, o.resorigtbl, o.resorigcol
)
select
  kn.nspname as key_schema, kc.relname as key_table, k.conname as "constraint", k.contype as kind,
  s.view_schema, s.view_name,
  json_agg(json_build_array(a.attname, s.names) order by k.ord) as columns
from shown s
join pks_fks k using (resorigtbl, resorigcol)
join pg_catalog.pg_class kc on kc.oid = k.keyrelid
join pg_catalog.pg_namespace kn on kn.oid = kc.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = k.resorigtbl and a.attnum = k.resorigcol
group by kn.nspname, kc.relname, k.conname, k.contype, k.ncol, s.view_id, s.view_schema, s.view_name
having count(*) = k.ncol
order by s.view_schema, s.view_name, k.conname
