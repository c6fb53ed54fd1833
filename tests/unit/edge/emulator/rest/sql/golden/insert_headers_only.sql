-- POST /labels
-- prefer: return=headers-only
-- body: {"id":1}
with pgrst_source as (insert into "public"."labels" as "w0" ("id") select "pgrst_body"."id" from json_to_record($1::json) as "pgrst_body"("id" integer) returning "w0".*), pgrst_rows as (select * from "pgrst_source") select null::bigint as total, count(*) as count, '' as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, (select json_object_agg(k.key, coalesce('eq.' || k.value, 'is.null'))::text from (select row_to_json(s) as r from pgrst_source as s limit 1) as first_row, json_each_text(first_row.r) as k where k.key = any ($2::text[])) as location from pgrst_rows as "pgrst_page"
-- ["{\"id\":1}", ["id"]]
