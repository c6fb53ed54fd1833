insert into storage.buckets (id, name, public) values ('pictures', 'pictures', true) on conflict do nothing;
create policy "own pictures" on storage.objects for select to authenticated
  using (bucket_id = 'pictures' and (storage.foldername(name))[1] = auth.uid()::text);
create table public.albums (id serial primary key, title text);
delete from storage.objects where bucket_id = 'old';
