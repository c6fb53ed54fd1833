-- Row-level security: owners read and delete their collections and sessions; the backend writes them.

alter table public.collections enable row level security;
alter table public.chat_sessions enable row level security;
alter table public.chat_messages enable row level security;
alter table public.chat_context enable row level security;

revoke all on public.collections, public.chat_sessions, public.chat_messages, public.chat_context
    from public, anon, authenticated;
grant select, insert, update, delete on public.collections to authenticated;
grant select, delete on public.chat_sessions to authenticated;
grant select on public.chat_messages, public.chat_context to authenticated;
grant select, insert, update, delete
    on public.collections, public.chat_sessions, public.chat_messages, public.chat_context to service_role;

create policy "owners read their collections" on public.collections
    for select to authenticated using (owner_id = (select auth.uid()));
create policy "owners insert their collections" on public.collections
    for insert to authenticated with check (owner_id = (select auth.uid()));
create policy "owners update their collections" on public.collections
    for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy "owners delete their collections" on public.collections
    for delete to authenticated using (owner_id = (select auth.uid()));

create policy "owners read their sessions" on public.chat_sessions
    for select to authenticated using (owner_id = (select auth.uid()));
create policy "owners delete their sessions" on public.chat_sessions
    for delete to authenticated using (owner_id = (select auth.uid()));

-- The policies of chat_sessions apply inside these subqueries.
create policy "owners read messages of their sessions" on public.chat_messages
    for select to authenticated using (exists (
        select from public.chat_sessions s where s.session_id = chat_messages.session_id));
create policy "owners read context of their sessions" on public.chat_context
    for select to authenticated using (exists (
        select from public.chat_sessions s where s.session_id = chat_context.session_id));
