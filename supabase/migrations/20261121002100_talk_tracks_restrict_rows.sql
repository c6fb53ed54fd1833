-- Row-level security of talk tracks: owners access their own rows, anon none; service_role bypasses it.
-- Owners insert jobs and update their status within the allowed transitions; service_role writes all other columns.

alter table public.funnel_projects enable row level security;
alter table public.deck_structures enable row level security;
alter table public.talk_tracks enable row level security;
alter table public.talk_track_jobs enable row level security;
alter table public.talk_track_chunks enable row level security;

revoke all on
    public.funnel_projects, public.deck_structures, public.talk_tracks, public.talk_track_jobs, public.talk_track_chunks
    from public, anon, authenticated;
grant select, insert, update, delete on
    public.funnel_projects, public.deck_structures, public.talk_tracks, public.talk_track_jobs, public.talk_track_chunks
    to service_role;
grant select, insert, update, delete on public.funnel_projects, public.deck_structures, public.talk_tracks
    to authenticated;
grant select, delete, insert (id, user_id, funnel_project_id, deck_structure_id), update (status, error_message)
    on public.talk_track_jobs to authenticated;
grant select on public.talk_track_chunks to authenticated;

create policy "owners read their projects" on public.funnel_projects
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their projects" on public.funnel_projects
    for insert to authenticated with check (user_id = (select auth.uid()));
create policy "owners update their projects" on public.funnel_projects
    for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners delete their projects" on public.funnel_projects
    for delete to authenticated using (user_id = (select auth.uid()));

-- Referenced rows must belong to the same owner: the policies above apply inside these subqueries.
create policy "owners read their decks" on public.deck_structures
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their decks" on public.deck_structures
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = deck_structures.funnel_project_id));
create policy "owners update their decks" on public.deck_structures
    for update to authenticated using (user_id = (select auth.uid())) with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = deck_structures.funnel_project_id));
create policy "owners delete their decks" on public.deck_structures
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their talk tracks" on public.talk_tracks
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their talk tracks" on public.talk_tracks
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = talk_tracks.funnel_project_id));
create policy "owners update their talk tracks" on public.talk_tracks
    for update to authenticated using (user_id = (select auth.uid())) with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = talk_tracks.funnel_project_id));
create policy "owners delete their talk tracks" on public.talk_tracks
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their jobs" on public.talk_track_jobs
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners insert their jobs" on public.talk_track_jobs
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (
            select from public.deck_structures d
            where d.id = talk_track_jobs.deck_structure_id
              and d.funnel_project_id = talk_track_jobs.funnel_project_id));
create policy "owners update their jobs" on public.talk_track_jobs
    for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners delete their jobs" on public.talk_track_jobs
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their chunks" on public.talk_track_chunks
    for select to authenticated using (exists (
        select from public.talk_track_jobs j where j.id = talk_track_chunks.job_id));
