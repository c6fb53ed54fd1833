-- Adopt worker URLs that older workers and clients write into system_config themselves, as rows of the registry.

create function media.adopt_worker_urls() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
    setting record;
    url text;
begin
    for setting in
        select * from (values ('workerUrl', 'wan'), ('wanWorkerUrl', 'wan'), ('sdxlWorkerUrl', 'sdxl'), ('chatWorkerUrl', 'chat'))
            as s (key, worker_type)
    loop
        url := rtrim(new.config ->> setting.key, '/');
        if url is distinct from rtrim(old.config ->> setting.key, '/')
           and url ~ '^https?://[^[:space:]]+$' and length(url) <= 2000 then
            insert into public.workers (worker_type, base_url, registration)
            values (setting.worker_type, url, jsonb_build_object('registration_method', 'system_config'))
            on conflict do nothing;
        end if;
    end loop;
    return null;
end;
$$;

-- Depth 0: not for what the registry itself writes there.
create trigger adopt_worker_urls after update of config on public.system_config
    for each row when (pg_trigger_depth() = 0 and old.config is distinct from new.config)
    execute function media.adopt_worker_urls();

comment on function media.adopt_worker_urls() is 'Add workers whose URLs were written into system_config; their health is checked next.';
revoke execute on function media.adopt_worker_urls from public;
