-- pg_cron's tables and functions; edge/emulator/postgres/cron.py runs the jobs.

create schema if not exists cron;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;
create table cron.job (
  jobid bigint primary key default nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int not null default coalesce(inet_server_port(), 5432),
  database text not null default current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default nextval('cron.runid_seq'),
  job_pid int,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

create function cron.job_cache_invalidate() returns trigger language plpgsql as $$
begin
  notify edge_cron;
  return null;
end $$;
create trigger cron_job_cache_invalidate after insert or delete or update or truncate on cron.job
  for each statement execute function cron.job_cache_invalidate();

-- Five fields of cron, `@hourly` and the like, or `N seconds`.
create function cron._check_schedule(schedule text) returns void
  language plpgsql security definer set search_path = '' as $$
begin
  if not (edge_internal.call('check_schedule', jsonb_build_object('schedule', schedule)))::boolean then
    raise exception 'invalid schedule: %', schedule
      using errcode = '22023', hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
end $$;

create function cron._save(
  name text, schedule text, command text, database text, username text, active boolean
) returns bigint language plpgsql security definer set search_path = '' as $$
declare
  id bigint;
begin
  perform cron._check_schedule(schedule);
  if name is null then
    insert into cron.job (schedule, command, database, username, active)
    values (schedule, command, database, username, active) returning jobid into id;
  else
    insert into cron.job as job (jobname, schedule, command, database, username, active)
    values (name, schedule, command, database, username, active)
    on conflict on constraint jobname_username_uniq do update
      set schedule = excluded.schedule, command = excluded.command,
        database = excluded.database, active = excluded.active
    returning jobid into id;
  end if;
  return id;
end $$;

create function cron.schedule(schedule text, command text) returns bigint language sql as
  $$ select cron._save(null, schedule, command, current_database(), current_user, true) $$;
create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as
  $$ select cron._save(job_name, schedule, command, current_database(), current_user, true) $$;
create function cron.schedule_in_database(
  job_name text, schedule text, command text, database text, username text default null,
  active boolean default true
) returns bigint language sql as
  $$ select cron._save(job_name, schedule, command, database, coalesce(username, current_user), active) $$;

create function cron.unschedule(job_id bigint) returns boolean language plpgsql as $$
begin
  delete from cron.job where jobid = job_id and username = current_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id using errcode = 'XX000';
  end if;
  return true;
end $$;
create function cron.unschedule(job_name text) returns boolean language plpgsql as $$
begin
  delete from cron.job where jobname = job_name and username = current_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name using errcode = 'XX000';
  end if;
  return true;
end $$;

create function cron.alter_job(
  job_id bigint, schedule text default null, command text default null, database text default null,
  username text default null, active boolean default null
) returns void language plpgsql as $$
begin
  if schedule is not null then
    perform cron._check_schedule(schedule);
  end if;
  update cron.job set
    schedule = coalesce(alter_job.schedule, job.schedule),
    command = coalesce(alter_job.command, job.command),
    database = coalesce(alter_job.database, job.database),
    username = coalesce(alter_job.username, job.username),
    active = coalesce(alter_job.active, job.active)
  where jobid = job_id;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id using errcode = '42501';
  end if;
end $$;

revoke all on function cron._save from public;
grant execute on function cron._save to postgres, service_role;
grant usage on schema cron to postgres with grant option;
grant all on cron.job, cron.job_run_details to postgres with grant option;
grant all on all sequences in schema cron to postgres with grant option;
select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.job_run_details', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');
select pg_catalog.pg_extension_config_dump('cron.runid_seq', '');
