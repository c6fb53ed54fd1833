-- What follows from the reason for which a call ended: data, so that a policy is changed by an update.

create table public.disconnection_policies (
    reason text primary key check (reason <> ''),
    outcome text not null check (outcome <> ''),
    disposition text not null
        check (disposition in ('final', 'retry', 'pause_campaign', 'slow_down', 'callback')),
    counts boolean not null,
    delay interval check (delay > '0'),
    reached_delay interval check (reached_delay > '0'),
    brief_delay interval check (brief_delay > '0'),
    max_tries smallint check (max_tries >= 1),
    connected boolean not null default false,
    voicemail boolean not null default false,
    adds_do_not_call boolean not null default false,
    stops_number boolean not null default false,
    pauses_after smallint check (pauses_after >= 2),
    follow_up text check (follow_up <> ''),
    message text check (message <> ''),
    check ((disposition = 'final') = (delay is null)),
    -- A reason that does not count against max_attempts needs a cap of its own.
    check (counts or disposition = 'final' or max_tries is not null),
    check ((disposition = 'pause_campaign' or pauses_after is not null) = (message is not null))
);
comment on table public.disconnection_policies is
    'What happens to a contact, its campaign and the rate limits when a call ends for a reason. Other reasons are treated as unknown.';
comment on column public.disconnection_policies.disposition is
    'final: the contact is not dialled again. retry: again after delay. pause_campaign: retry, and the campaign pauses with message. slow_down: retry, and the organization''s concurrency is reduced. callback: at the time that the contact asked for, else after delay.';
comment on column public.disconnection_policies.counts is
    'Whether the call is one of the campaign''s max_attempts: false if the contact did not cause its end.';
comment on column public.disconnection_policies.delay is
    'From the dial to the next one, which is then moved into the contact''s calling hours.';
comment on column public.disconnection_policies.reached_delay is
    'The delay if the call lasted so long that a person must have answered.';
comment on column public.disconnection_policies.brief_delay is
    'The delay if the call was too short to have been understood; null: the disposition decides.';
comment on column public.disconnection_policies.stops_number is
    'Whether the number called from becomes inactive, for all campaigns.';
comment on column public.disconnection_policies.pauses_after is
    'The campaign pauses after so many calls in a row that ended for reasons with the same message.';
comment on column public.disconnection_policies.follow_up is
    'The notification''s text about what a person should do for this contact.';
comment on column public.disconnection_policies.max_tries is
    'After so many tries the end for this reason is final: counted ones if it counts, else dials. Null: the campaign''s max_attempts alone.';
comment on column public.disconnection_policies.message is
    'Why the campaign is paused, and how to resolve that.';

alter table public.disconnection_policies enable row level security;
revoke all on public.disconnection_policies from public, anon, authenticated;
grant select on public.disconnection_policies to authenticated;
create policy "signed-in users read policies" on public.disconnection_policies
    for select to authenticated using (true);
