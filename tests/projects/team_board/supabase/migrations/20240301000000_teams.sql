create type public.team_role as enum ('owner', 'member');
create table public.teams (
  id uuid primary key default gen_random_uuid(),
  name text not null check (length(name) > 0),
  created_by uuid default auth.uid() references auth.users
);
create table public.memberships (
  team_id uuid references public.teams on delete cascade,
  user_id uuid references auth.users on delete cascade,
  role public.team_role not null default 'member',
  primary key (team_id, user_id)
);
create table public.cards (
  id bigint generated always as identity primary key,
  team_id uuid not null references public.teams on delete cascade,
  title text not null,
  done boolean default false
);
alter table public.teams enable row level security;
alter table public.memberships enable row level security;
alter table public.cards enable row level security;
create schema if not exists private;
grant usage on schema private to authenticated;
create function private.teams_of_user() returns setof uuid
  language sql stable security definer set search_path = '' as
  $$ select team_id from public.memberships where user_id = (select auth.uid()) $$;
create policy "Members see teams" on public.teams for select to authenticated
  using (id in (select private.teams_of_user()));
create policy "Members see members" on public.memberships for select to authenticated
  using (team_id in (select private.teams_of_user()));
create policy "Members write cards" on public.cards to authenticated
  using (team_id in (select private.teams_of_user()))
  with check (team_id in (select private.teams_of_user()));
create function public.create_team(team_name text) returns public.teams
  language plpgsql security definer set search_path = '' as $$
declare made public.teams;
begin
  insert into public.teams (name) values (team_name) returning * into made;
  insert into public.memberships values (made.id, auth.uid(), 'owner');
  return made;
end $$;
revoke all on function public.create_team from public, anon;
grant execute on function public.create_team to authenticated;
create policy "Own avatar" on storage.objects to authenticated
  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
