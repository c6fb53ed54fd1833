-- POST /videos?select=id,channels(name)
-- prefer: return=representation
-- body: [{"title":"a"},{"title":"b"}]
with pgrst_source as (insert into "public"."videos" as "w0" ("title") select "pgrst_body"."title" from json_to_recordset($1::json) as "pgrst_body"("title" text) returning "w0"."id", "w0"."channel_id"), pgrst_rows as (select "pgrst_source"."id", row_to_json("pgrst_e1".*)::jsonb as "channels" from "pgrst_source" as "pgrst_source" left join lateral (select "channels_1"."name" from "public"."channels" as "channels_1" where "channels_1"."id" = "pgrst_source"."channel_id") as "pgrst_e1" on true) select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"), '[]')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["[{\"title\":\"a\"},{\"title\":\"b\"}]"]
