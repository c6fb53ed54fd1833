-- PATCH /videos?id=eq.1
-- prefer: return=representation
-- body: {"title":"b"}
with pgrst_source as (update "public"."videos" as "w0" set "title" = "pgrst_body"."title" from (select "pgrst_body"."title" from json_to_record($1::json) as "pgrst_body"("title" text)) as "pgrst_body" where "w0"."id" = $2 returning "w0".*), pgrst_rows as (select "pgrst_source".* from "pgrst_source" as "pgrst_source") select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"), '[]')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["{\"title\":\"b\"}", "1"]
