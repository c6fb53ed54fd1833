-- What planning needs of a large JSON body ($1): its type, its rows if it is an array, the first $3
-- keys of its (first) object, cut to $4 characters, and whether all objects have its keys, unless
-- there are more than $2 of them.
with document as materialized (
  select $1::json as body, json_typeof($1::json) as kind
),
counted as materialized (
  select body, kind, case kind when 'array' then json_array_length(body) end as rows
  from document
),
first as materialized (
  select body, kind, rows, array(
    select k
    from json_object_keys(case kind when 'object' then body else body -> 0 end)
      with ordinality as o (k, n)
    group by k
    order by min(n)
  ) as keys
  from counted
)
select kind, rows,
  to_json(array(select left(k, $4::int) from unnest(keys[1:$3::int]) as k)) as keys,
  rows is null or rows > $2::int or not exists (
    select from json_array_elements(case kind when 'array' then body else '[]' end) as e
    where array(select distinct k from json_object_keys(e) as k order by k)
      <> array(select distinct k from unnest(keys) as k order by k)
  ) as is_uniform
from first
