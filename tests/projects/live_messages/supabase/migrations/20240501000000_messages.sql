BEGIN;
create table if not exists public.rooms (id uuid primary key default gen_random_uuid(), slug text unique);
create table public.messages (
  id uuid default gen_random_uuid() primary key,
  room_id uuid references public.rooms, body text, inserted_at timestamp with time zone default timezone('utc', now()) not null
);
alter table public.messages replica identity full;
do $$ begin
  if not exists (select 1 from pg_publication_tables where pubname = 'supabase_realtime' and tablename = 'messages') then
    alter publication supabase_realtime add table public.messages;
  end if;
exception when duplicate_object then null;
end $$;
create policy "Members listen" on realtime.messages for select to authenticated using (realtime.topic() like 'room:%');
create policy "Members speak" on "realtime"."messages" for insert to authenticated with check (true);
create function public.tell_room() returns trigger language plpgsql security definer as $$
begin
  perform realtime.broadcast_changes('room:' || new.room_id, tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
  return null;
end $$;
create trigger tell after insert or update on public.messages for each row execute function public.tell_room();
COMMIT;
