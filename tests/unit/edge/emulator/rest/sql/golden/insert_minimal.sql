-- POST /labels
-- body: {"id":1,"label":"a"}
with pgrst_source as (insert into "public"."labels" as "w0" ("id", "label") select "pgrst_body"."id", "pgrst_body"."label" from json_to_record($1::json) as "pgrst_body"("id" integer, "label" text) returning 1), pgrst_rows as (select * from "pgrst_source") select null::bigint as total, count(*) as count, '' as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["{\"id\":1,\"label\":\"a\"}"]
