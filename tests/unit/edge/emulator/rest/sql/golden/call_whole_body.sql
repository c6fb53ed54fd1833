-- POST /rpc/whole
-- body: {"z":1}
with pgrst_source as (select "public"."whole"($1::json::json) as "pgrst_scalar"), pgrst_rows as (select "pgrst_source".* from "pgrst_source" as "pgrst_source") select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"."pgrst_scalar")->0, 'null')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["{\"z\":1}"]
