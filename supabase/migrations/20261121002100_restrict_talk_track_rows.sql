-- Row security of talk tracks: owners reach their own rows, anon nothing, and service_role passes row security.
-- Of a job its owner chooses what it is for, and its status as far as the guard allows; what came of it is written by
-- service_role.

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
create policy "owners add their projects" on public.funnel_projects
    for insert to authenticated with check (user_id = (select auth.uid()));
create policy "owners change their projects" on public.funnel_projects
    for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners remove their projects" on public.funnel_projects
    for delete to authenticated using (user_id = (select auth.uid()));

-- What a row points to must be the owner's too: the policies above apply inside these.
create policy "owners read their decks" on public.deck_structures
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners add their decks" on public.deck_structures
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = deck_structures.funnel_project_id));
create policy "owners change their decks" on public.deck_structures
    for update to authenticated using (user_id = (select auth.uid())) with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = deck_structures.funnel_project_id));
create policy "owners remove their decks" on public.deck_structures
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their talk tracks" on public.talk_tracks
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners add their talk tracks" on public.talk_tracks
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = talk_tracks.funnel_project_id));
create policy "owners change their talk tracks" on public.talk_tracks
    for update to authenticated using (user_id = (select auth.uid())) with check (
        user_id = (select auth.uid())
        and exists (select from public.funnel_projects p where p.id = talk_tracks.funnel_project_id));
create policy "owners remove their talk tracks" on public.talk_tracks
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their jobs" on public.talk_track_jobs
    for select to authenticated using (user_id = (select auth.uid()));
create policy "owners add their jobs" on public.talk_track_jobs
    for insert to authenticated with check (
        user_id = (select auth.uid())
        and exists (
            select from public.deck_structures d
            where d.id = talk_track_jobs.deck_structure_id
              and d.funnel_project_id = talk_track_jobs.funnel_project_id));
create policy "owners change their jobs" on public.talk_track_jobs
    for update to authenticated
    using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy "owners remove their jobs" on public.talk_track_jobs
    for delete to authenticated using (user_id = (select auth.uid()));

create policy "owners read their chunks" on public.talk_track_chunks
    for select to authenticated using (exists (
        select from public.talk_track_jobs j where j.id = talk_track_chunks.job_id));
