-- GET /labels
-- accept: text/csv
with pgrst_rows as (select "labels".* from "public"."labels" as "labels") select null::bigint as total, count(*) as count, (select coalesce(string_agg(k, ','), '') from (select json_object_keys(r)::text as k from (select row_to_json(p) as r from pgrst_rows as p limit 1) as first_row) as header) || chr(10) || coalesce(string_agg(substring("pgrst_page"::text, 2, length("pgrst_page"::text) - 2), chr(10)), '') as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- []
