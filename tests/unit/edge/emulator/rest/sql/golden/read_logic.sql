-- GET /videos?or=(id.eq.1,not.and(title.eq.x,id.gt.3))
with pgrst_rows as (select "videos".* from "public"."videos" as "videos" where ("videos"."id" = $1 or not ("videos"."title" = $2 and "videos"."id" > $3))) select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"), '[]')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["1", "x", "3"]
