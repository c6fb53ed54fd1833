-- What planning needs of a large JSON body ($1): its type, its rows if it is an array, the keys of
-- its (first) object, and whether all objects have these, unless there are more than $2.
with document as materialized (
  select $1::json as body, json_typeof($1::json) as kind
),
counted as materialized (
  select body, kind, case kind when 'array' then json_array_length(body) end as rows
  from document
),
first as materialized (
  select body, kind, rows, array(
    select k from json_object_keys(case kind when 'object' then body else body -> 0 end) as k
  ) as keys
  from counted
)
select kind, rows, to_json(keys) as keys,
  rows is null or rows > $2::int or not exists (
    select from json_array_elements(case kind when 'array' then body else '[]' end) as e
    where array(select distinct k from json_object_keys(e) as k order by k)
      <> array(select distinct k from unnest(keys) as k order by k)
  ) as is_uniform
from first
