-- Row-level security of templates, settings, workers and chats.

alter table public.prompt_templates enable row level security;
alter table public.negative_prompts enable row level security;
alter table public.system_config enable row level security;
alter table public.workers enable row level security;
alter table public.characters enable row level security;
alter table public.conversations enable row level security;
alter table public.messages enable row level security;

revoke all on
    public.prompt_templates, public.negative_prompts, public.system_config, public.workers,
    public.characters, public.conversations, public.messages
    from public, anon, authenticated;
grant select, insert, update, delete on
    public.prompt_templates, public.negative_prompts, public.system_config, public.workers,
    public.characters, public.conversations, public.messages
    to service_role;
grant select, insert, update, delete on
    public.prompt_templates, public.negative_prompts, public.workers, public.characters, public.conversations
    to authenticated;
grant select, update on public.system_config to authenticated;
grant select, insert (conversation_id, sender, content, message_type) on public.messages to authenticated;

create policy "admins read templates" on public.prompt_templates
    for select to authenticated using ((select public.is_admin()));
create policy "admins insert templates" on public.prompt_templates
    for insert to authenticated with check ((select public.is_admin()));
create policy "admins update templates" on public.prompt_templates
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "admins delete templates" on public.prompt_templates
    for delete to authenticated using ((select public.is_admin()));

create policy "admins read negative prompts" on public.negative_prompts
    for select to authenticated using ((select public.is_admin()));
create policy "admins insert negative prompts" on public.negative_prompts
    for insert to authenticated with check ((select public.is_admin()));
create policy "admins update negative prompts" on public.negative_prompts
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "admins delete negative prompts" on public.negative_prompts
    for delete to authenticated using ((select public.is_admin()));

create policy "admins read settings" on public.system_config
    for select to authenticated using ((select public.is_admin()));
create policy "admins update settings" on public.system_config
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));

create policy "admins read workers" on public.workers
    for select to authenticated using ((select public.is_admin()));
create policy "admins insert workers" on public.workers
    for insert to authenticated with check ((select public.is_admin()));
create policy "admins update workers" on public.workers
    for update to authenticated using ((select public.is_admin())) with check ((select public.is_admin()));
create policy "admins delete workers" on public.workers
    for delete to authenticated using ((select public.is_admin()));

create policy "users read public characters and their own" on public.characters
    for select to authenticated
    using (is_public or user_id = (select auth.uid()) or (select public.is_admin()));
create policy "users insert their characters" on public.characters
    for insert to authenticated with check (user_id = (select auth.uid()) or (select public.is_admin()));
create policy "users update their characters" on public.characters
    for update to authenticated
    using (user_id = (select auth.uid()) or (select public.is_admin()))
    with check (user_id = (select auth.uid()) or (select public.is_admin()));
create policy "users delete their characters" on public.characters
    for delete to authenticated using (user_id = (select auth.uid()) or (select public.is_admin()));

-- What a chat refers to must be the owner's: the policies above apply inside these subqueries.
create policy "owners read their conversations" on public.conversations
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their conversations" on public.conversations
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and (project_id is null or exists (select from public.projects p where p.id = project_id))
        and (character_id is null or exists (select from public.characters c where c.id = character_id)));
create policy "owners update their conversations" on public.conversations
    for update to authenticated using (user_id = (select auth.uid())) with check (
        user_id = (select auth.uid())
        and (project_id is null or exists (select from public.projects p where p.id = project_id))
        and (character_id is null or exists (select from public.characters c where c.id = character_id)));
create policy "owners delete their conversations" on public.conversations
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their messages" on public.messages
    for select to authenticated using (exists (
        select from public.conversations c where c.id = messages.conversation_id));
create policy "owners insert their messages" on public.messages
    for insert to authenticated with check (sender = 'user' and exists (
        select from public.conversations c where c.id = messages.conversation_id));
