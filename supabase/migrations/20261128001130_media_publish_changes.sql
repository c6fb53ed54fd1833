-- Publish the changes that clients follow over Realtime; old rows in full, so that policies and filters see them.

alter table public.jobs replica identity full;
alter table public.workspace_assets replica identity full;
alter table public.user_library replica identity full;
alter table public.system_config replica identity full;
alter table public.characters replica identity full;
alter table public.messages replica identity full;

do $$
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
end $$;
alter publication supabase_realtime add table
    public.jobs, public.workspace_assets, public.user_library, public.system_config, public.characters, public.messages;
