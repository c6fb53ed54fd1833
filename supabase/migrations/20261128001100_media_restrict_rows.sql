-- Row-level security of jobs, workspace and library: owners read their rows, admins all, service_role writes.

alter table public.user_roles enable row level security;
alter table public.api_providers enable row level security;
alter table public.api_models enable row level security;
alter table public.projects enable row level security;
alter table public.jobs enable row level security;
alter table public.workspace_assets enable row level security;
alter table public.user_collections enable row level security;
alter table public.user_library enable row level security;
alter table public.usage_logs enable row level security;
alter table public.user_activity_log enable row level security;

revoke all on
    public.user_roles, public.api_providers, public.api_models, public.projects, public.jobs, public.workspace_assets,
    public.user_collections, public.user_library, public.usage_logs, public.user_activity_log
    from public, anon, authenticated;
grant select, insert, update, delete on
    public.user_roles, public.api_providers, public.api_models, public.projects, public.jobs, public.workspace_assets,
    public.user_collections, public.user_library, public.usage_logs, public.user_activity_log
    to service_role;
grant select on
    public.user_roles, public.api_providers, public.api_models, public.projects, public.jobs, public.workspace_assets,
    public.user_collections, public.user_library, public.usage_logs, public.user_activity_log
    to authenticated;
grant insert (user_id, title, description, metadata), update (title, description, metadata), delete
    on public.projects to authenticated;
-- Owners cancel; media.guard_job_state allows nothing else.
grant update (status) on public.jobs to authenticated;
grant insert (user_id, name, description), update (name, description), delete on public.user_collections to authenticated;
grant update (collection_id, custom_title, tags, is_favorite, visibility) on public.user_library to authenticated;
grant insert, update, delete on public.api_providers, public.api_models to authenticated;

create policy "owners and admins read roles" on public.user_roles
    for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));

create policy "users read active providers" on public.api_providers
    for select to authenticated using (is_active or (select public.is_admin()));
create policy "admins insert providers" on public.api_providers
    for insert to authenticated with check ((select public.is_admin()));
create policy "admins update providers" on public.api_providers
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "admins delete providers" on public.api_providers
    for delete to authenticated using ((select public.is_admin()));
create policy "users read active models" on public.api_models
    for select to authenticated using (is_active or (select public.is_admin()));
create policy "admins insert models" on public.api_models
    for insert to authenticated with check ((select public.is_admin()));
create policy "admins update models" on public.api_models
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "admins delete models" on public.api_models
    for delete to authenticated using ((select public.is_admin()));

create policy "owners read their projects" on public.projects
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their projects" on public.projects
    for insert to authenticated with check (user_id = (select auth.uid()));
create policy "owners update their projects" on public.projects
    for update to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners delete their projects" on public.projects
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners and admins read jobs" on public.jobs
    for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));
create policy "owners and admins cancel jobs" on public.jobs
    for update to authenticated
    using (user_id = (select auth.uid()) or (select public.is_admin()))
    with check (user_id = (select auth.uid()) or (select public.is_admin()));

create policy "owners and admins read workspace assets" on public.workspace_assets
    for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));

create policy "owners read their collections" on public.user_collections
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their collections" on public.user_collections
    for insert to authenticated with check (user_id = (select auth.uid()));
create policy "owners update their collections" on public.user_collections
    for update to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners delete their collections" on public.user_collections
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners and admins read the library, users what is public" on public.user_library
    for select to authenticated
    using (user_id = (select auth.uid()) or visibility = 'public' or (select public.is_admin()));
create policy "owners update their library" on public.user_library
    for update to authenticated using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

create policy "owners and admins read usage" on public.usage_logs
    for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));
create policy "owners and admins read activity" on public.user_activity_log
    for select to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));
