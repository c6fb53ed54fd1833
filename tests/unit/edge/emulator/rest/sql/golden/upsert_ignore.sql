-- POST /labels
-- prefer: resolution=ignore-duplicates
-- body: {"id":1}
with pgrst_source as (insert into "public"."labels" as "w0" ("id") select "pgrst_body"."id" from json_to_record($1::json) as "pgrst_body"("id" integer) on conflict ("id") do nothing returning 1), pgrst_rows as (select * from "pgrst_source") select null::bigint as total, count(*) as count, '' as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["{\"id\":1}"]
