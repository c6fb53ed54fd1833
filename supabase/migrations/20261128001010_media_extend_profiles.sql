-- Extend profiles, the one table for all systems: a user without an organization has a profile too.

alter table public.profiles
    alter column organization_id drop not null,
    add column username text check (username <> '' and length(username) <= 100),
    add column subscription_status text not null default 'inactive',
    add column token_balance integer not null default 100 check (token_balance >= 0),
    add column age_verified boolean not null default false,
    add column updated_at timestamptz not null default now();

create unique index profiles_username_idx on public.profiles (username);

create trigger set_updated_at before update on public.profiles
    for each row execute function media.set_updated_at();

grant insert (id, username), update (username) on public.profiles to authenticated;

create policy "users read their profile" on public.profiles
    for select to authenticated using (id = (select auth.uid()));
create policy "users insert their profile" on public.profiles
    for insert to authenticated with check (id = (select auth.uid()) and organization_id is null and role = 'viewer');
create policy "users update their profile" on public.profiles
    for update to authenticated using (id = (select auth.uid())) with check (id = (select auth.uid()));

comment on table public.profiles is
    'A user of any system: the organization and role within it, if any, the name shown, and the balance of credits.';
