create type public.ticket_state as enum ('open', 'done');
alter table public.tickets alter column state drop default;
alter table public.tickets alter column state type public.ticket_state using state::public.ticket_state;
alter type public.ticket_state add value 'late';
alter table public.tickets alter column state set default 'late';
create index concurrently tickets_state on public.tickets (state);
