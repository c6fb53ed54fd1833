-- GET /videos?id=eq.1
-- accept: application/vnd.pgrst.object+json
with pgrst_rows as (select "videos".* from "public"."videos" as "videos" where "videos"."id" = $1) select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page")->0, 'null')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["1"]
