-- Row-level security: authenticated users access rows of their own videos, service_role all rows, anon none.
-- (select auth.uid()) is evaluated once per statement instead of once per row.

alter table public.videos enable row level security;
alter table public.transcripts enable row level security;
alter table public.transcript_chunks enable row level security;
alter table public.generated_outputs enable row level security;

revoke all on public.videos, public.transcripts, public.transcript_chunks, public.generated_outputs
    from public, anon, authenticated;
grant select, insert, update, delete
    on public.videos, public.transcripts, public.transcript_chunks, public.generated_outputs
    to authenticated, service_role;

create policy "owners read their videos" on public.videos
    for select to authenticated using (owner_id = (select auth.uid()));
create policy "owners insert their videos" on public.videos
    for insert to authenticated with check (owner_id = (select auth.uid()));
create policy "owners update their videos" on public.videos
    for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy "owners delete their videos" on public.videos
    for delete to authenticated using (owner_id = (select auth.uid()));

create policy "owners read transcripts" on public.transcripts
    for select to authenticated using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners insert transcripts" on public.transcripts
    for insert to authenticated with check (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners update transcripts" on public.transcripts
    for update to authenticated
    using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())))
    with check (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners delete transcripts" on public.transcripts
    for delete to authenticated using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));

-- Chunks follow the visibility of their transcript: the policies above apply inside these subqueries.
create policy "owners read chunks" on public.transcript_chunks
    for select to authenticated using (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners insert chunks" on public.transcript_chunks
    for insert to authenticated with check (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners update chunks" on public.transcript_chunks
    for update to authenticated
    using (exists (select from public.transcripts t where t.id = transcript_chunks.transcript_id))
    with check (exists (select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners delete chunks" on public.transcript_chunks
    for delete to authenticated using (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));

create policy "owners read outputs" on public.generated_outputs
    for select to authenticated using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners insert outputs" on public.generated_outputs
    for insert to authenticated with check (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners update outputs" on public.generated_outputs
    for update to authenticated
    using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())))
    with check (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners delete outputs" on public.generated_outputs
    for delete to authenticated using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
