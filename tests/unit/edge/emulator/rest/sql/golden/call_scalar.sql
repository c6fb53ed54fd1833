-- POST /rpc/add
-- body: {"a":1,"b":2}
with pgrst_source as (select "public"."add"("a" := "pgrst_body"."a", "b" := "pgrst_body"."b") as "pgrst_scalar" from (select "pgrst_body"."a", "pgrst_body"."b" from json_to_record($1::json) as "pgrst_body"("a" integer, "b" integer) limit 1) as "pgrst_body"), pgrst_rows as (select "pgrst_source".* from "pgrst_source" as "pgrst_source") select null::bigint as total, count(*) as count, coalesce(json_agg("pgrst_page"."pgrst_scalar")->0, 'null')::text as body, nullif(current_setting('response.headers', true), '') as headers, nullif(current_setting('response.status', true), '') as status, null::text as inserted, null::text as location from pgrst_rows as "pgrst_page"
-- ["{\"a\":1,\"b\":2}"]
