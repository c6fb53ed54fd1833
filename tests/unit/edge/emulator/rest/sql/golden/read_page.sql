-- GET /videos?select=*&limit=10
with pgrst_rows as (select "videos".* from "public"."videos" as "videos" limit $1 offset $2) select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"), '[]')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["10", "0"]
