-- Row security: a signed-in caller reaches what belongs to its own videos, service_role everything, anon nothing.
-- auth.uid() stands in a subselect so that it is evaluated once a statement, not once a row.

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
create policy "owners add their videos" on public.videos
    for insert to authenticated with check (owner_id = (select auth.uid()));
create policy "owners change their videos" on public.videos
    for update to authenticated
    using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy "owners remove their videos" on public.videos
    for delete to authenticated using (owner_id = (select auth.uid()));

create policy "owners read transcripts" on public.transcripts
    for select to authenticated using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners add transcripts" on public.transcripts
    for insert to authenticated with check (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners change transcripts" on public.transcripts
    for update to authenticated
    using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())))
    with check (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));
create policy "owners remove transcripts" on public.transcripts
    for delete to authenticated using (exists (
        select from public.videos v where v.id = transcripts.video_id and v.owner_id = (select auth.uid())));

-- A chunk belongs to whoever can see its transcript: the policies above apply inside these too.
create policy "owners read chunks" on public.transcript_chunks
    for select to authenticated using (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners add chunks" on public.transcript_chunks
    for insert to authenticated with check (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners change chunks" on public.transcript_chunks
    for update to authenticated
    using (exists (select from public.transcripts t where t.id = transcript_chunks.transcript_id))
    with check (exists (select from public.transcripts t where t.id = transcript_chunks.transcript_id));
create policy "owners remove chunks" on public.transcript_chunks
    for delete to authenticated using (exists (
        select from public.transcripts t where t.id = transcript_chunks.transcript_id));

create policy "owners read outputs" on public.generated_outputs
    for select to authenticated using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners add outputs" on public.generated_outputs
    for insert to authenticated with check (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners change outputs" on public.generated_outputs
    for update to authenticated
    using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())))
    with check (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
create policy "owners remove outputs" on public.generated_outputs
    for delete to authenticated using (exists (
        select from public.videos v where v.id = generated_outputs.video_id and v.owner_id = (select auth.uid())));
