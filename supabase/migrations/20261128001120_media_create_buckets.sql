-- Create the buckets of media and their policies: the first folder of a private file is its owner's id.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
    ('workspace-temp', 'workspace-temp', false, 52428800, '{image/*,video/*}'),
    ('user-library', 'user-library', false, 52428800, '{image/*,video/*}'),
    ('reference_images', 'reference_images', false, 10485760, '{image/*}'),
    ('avatars', 'avatars', true, 5242880, '{image/*}'),
    ('system_assets', 'system_assets', true, 5242880, null),
    ('videos', 'videos', true, 52428800, '{video/*}')
on conflict (id) do nothing;

create policy "media owners read their files" on storage.objects
    for select to authenticated
    using (bucket_id in ('workspace-temp', 'user-library', 'reference_images')
        and ((storage.foldername(name))[1] = (select auth.uid())::text or (select public.is_admin())));
create policy "media owners insert their files" on storage.objects
    for insert to authenticated
    with check (bucket_id in ('workspace-temp', 'user-library', 'reference_images', 'avatars', 'videos')
        and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "media owners update their files" on storage.objects
    for update to authenticated
    using (bucket_id in ('workspace-temp', 'user-library', 'reference_images', 'avatars', 'videos')
        and (storage.foldername(name))[1] = (select auth.uid())::text)
    with check (bucket_id in ('workspace-temp', 'user-library', 'reference_images', 'avatars', 'videos')
        and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "media owners delete their files" on storage.objects
    for delete to authenticated
    using (bucket_id in ('workspace-temp', 'user-library', 'reference_images', 'avatars', 'videos')
        and (storage.foldername(name))[1] = (select auth.uid())::text);

create policy "everybody reads public media" on storage.objects
    for select to anon, authenticated using (bucket_id in ('avatars', 'system_assets', 'videos'));
create policy "admins insert system assets" on storage.objects
    for insert to authenticated with check (bucket_id = 'system_assets' and (select public.is_admin()));
create policy "admins update system assets" on storage.objects
    for update to authenticated
    using (bucket_id = 'system_assets' and (select public.is_admin()))
    with check (bucket_id = 'system_assets' and (select public.is_admin()));
create policy "admins delete system assets" on storage.objects
    for delete to authenticated using (bucket_id = 'system_assets' and (select public.is_admin()));
