-- Settings of the roles that the data API may become; those only a superuser may set are left out.
select r.rolname as role, split_part(s.setting, '=', 1) as name,
  substr(s.setting, strpos(s.setting, '=') + 1) as value
from pg_catalog.pg_db_role_setting d
join pg_catalog.pg_roles r on r.oid = d.setrole
cross join lateral unnest(d.setconfig) as s(setting)
join pg_catalog.pg_settings g on g.name = split_part(s.setting, '=', 1)
where g.context = 'user' and r.rolname <> current_user
  and d.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
