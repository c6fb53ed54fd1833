-- DELETE /videos?id=eq.1
with pgrst_source as (delete from "public"."videos" as "w0" where "w0"."id" = $1 returning 1), pgrst_rows as (select * from "pgrst_source") select null::bigint as total, count(*) as count, '' as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["1"]
