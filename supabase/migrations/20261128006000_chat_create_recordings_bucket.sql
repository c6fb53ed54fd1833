-- Create the bucket of recordings and its policies: the first folder of a file is its owner's id, or shared.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
    ('recordings', 'recordings', false, 524288000, null)
on conflict (id) do nothing;

create policy "owners read their recordings" on storage.objects
    for select to authenticated
    using (bucket_id = 'recordings' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "owners insert their recordings" on storage.objects
    for insert to authenticated
    with check (bucket_id = 'recordings' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "owners delete their recordings" on storage.objects
    for delete to authenticated
    using (bucket_id = 'recordings' and (storage.foldername(name))[1] = (select auth.uid())::text);
