-- PATCH /videos?id=eq.1
-- body: {}
with pgrst_source as (select null from "public"."videos" as "w0" where false), pgrst_rows as (select * from "pgrst_source") select null::bigint as total, count(*) as count, '' as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- []
