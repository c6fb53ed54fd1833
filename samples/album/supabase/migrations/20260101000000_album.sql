create table public.posts (
  id bigint generated always as identity primary key,
  author uuid not null default auth.uid() references auth.users on delete cascade,
  body text not null default '' check (length(body) <= 500),
  picture text,
  created_at timestamptz not null default now()
);
alter table public.posts enable row level security;
grant select, insert, delete on public.posts to authenticated;
create policy "members read" on public.posts for select to authenticated using (true);
create policy "authors write" on public.posts for insert to authenticated
  with check (author = (select auth.uid()));
create policy "authors delete" on public.posts for delete to authenticated
  using (author = (select auth.uid()));
alter publication supabase_realtime add table public.posts;

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('pictures', 'pictures', true, 10485760, '{image/*}');
create policy "own folder" on storage.objects for insert to authenticated
  with check (bucket_id = 'pictures' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "members see" on storage.objects for select to authenticated
  using (bucket_id = 'pictures');
