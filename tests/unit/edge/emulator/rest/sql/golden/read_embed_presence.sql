-- GET /videos?select=id,channels()&channels=is.null
with pgrst_rows as (select "t0"."id" from "public"."videos" as "t0" left join lateral (select "t1".* from "public"."channels" as "t1" where "t1"."id" = "t0"."channel_id") as "e1" on true where "e1" is not distinct from null) select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"), '[]')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- []
