-- Row security: members read their organization's rows, admins and managers write campaigns, contacts and the do-not-call
-- list, and service_role alone writes the rest. No role may write state columns (a status, a count): only functions change
-- them. Agents and numbers belong to the provider account that all organizations share, so members cannot add them.

create function telephony.can_plan_campaigns() returns boolean
language sql stable security definer set search_path = ''
as $$ select coalesce(public.get_my_role() in ('admin', 'manager'), false) $$;

alter table public.organizations enable row level security;
alter table public.profiles enable row level security;
alter table public.agents enable row level security;
alter table public.phone_numbers enable row level security;
alter table public.call_campaigns enable row level security;
alter table public.campaign_contacts enable row level security;
alter table public.call_attempts enable row level security;
alter table public.calls enable row level security;
alter table public.call_events enable row level security;
alter table public.do_not_call enable row level security;
alter table public.notifications enable row level security;
alter table public.activity_logs enable row level security;
alter table public.dial_pace enable row level security;

revoke all on
    public.organizations, public.profiles, public.agents, public.phone_numbers, public.call_campaigns,
    public.campaign_contacts, public.call_attempts, public.calls, public.call_events, public.do_not_call,
    public.notifications, public.activity_logs, public.dial_pace
    from public, anon, authenticated;

grant select, insert, update, delete on
    public.organizations, public.profiles, public.agents, public.phone_numbers, public.call_campaigns,
    public.campaign_contacts, public.call_attempts, public.calls, public.call_events, public.do_not_call,
    public.notifications, public.activity_logs, public.dial_pace
    to service_role;

grant select on
    public.organizations, public.profiles, public.agents, public.phone_numbers, public.call_campaigns,
    public.campaign_contacts, public.call_attempts, public.calls, public.call_events, public.do_not_call,
    public.notifications, public.activity_logs, public.dial_pace
    to authenticated;

grant insert
    (id, organization_id, agent_id, phone_number_id, name, scheduled_at, opens_at, closes_at, calling_days, max_attempts, variables),
    update (agent_id, phone_number_id, name, scheduled_at, opens_at, closes_at, calling_days, max_attempts, variables),
    delete
    on public.call_campaigns to authenticated;

grant insert (campaign_id, organization_id, name, phone, email, company, notes, variables, time_zones),
    update (name, email, company, notes, variables, time_zones),
    delete
    on public.campaign_contacts to authenticated;
grant insert (organization_id, phone, reason), delete on public.do_not_call to authenticated;
grant update (read_at) on public.notifications to authenticated;

create policy "members read their organization" on public.organizations
    for select to authenticated using (id = (select public.get_my_org_id()));
create policy "members read each other" on public.profiles
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read agents" on public.agents
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read phone numbers" on public.phone_numbers
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read attempts" on public.call_attempts
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read calls" on public.calls
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read events" on public.call_events
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read activity" on public.activity_logs
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members read the pace" on public.dial_pace
    for select to authenticated using (organization_id = (select public.get_my_org_id()));

create policy "members read notifications" on public.notifications
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "members mark notifications as read" on public.notifications
    for update to authenticated
    using (organization_id = (select public.get_my_org_id()))
    with check (organization_id = (select public.get_my_org_id()));

create policy "members read campaigns" on public.call_campaigns
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "planners add campaigns" on public.call_campaigns
    for insert to authenticated
    with check (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));
create policy "planners change campaigns" on public.call_campaigns
    for update to authenticated
    using (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()))
    with check (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));
-- Only drafts: the dials of a started campaign count against the limits of every other campaign.
create policy "planners remove drafts" on public.call_campaigns
    for delete to authenticated
    using (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()) and status = 'draft');

create policy "members read contacts" on public.campaign_contacts
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "planners add contacts" on public.campaign_contacts
    for insert to authenticated
    with check (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));
create policy "planners change contacts" on public.campaign_contacts
    for update to authenticated
    using (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()))
    with check (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));
create policy "planners remove contacts that were never dialled" on public.campaign_contacts
    for delete to authenticated
    using (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns())
        and dials = 0 and status <> 'calling');

create policy "members read the do-not-call list" on public.do_not_call
    for select to authenticated using (organization_id = (select public.get_my_org_id()));
create policy "planners add to the do-not-call list" on public.do_not_call
    for insert to authenticated
    with check (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));
create policy "planners remove from the do-not-call list" on public.do_not_call
    for delete to authenticated
    using (organization_id = (select public.get_my_org_id()) and (select telephony.can_plan_campaigns()));

revoke execute on function public.get_my_org_id(), public.get_my_role() from public, anon;
grant execute on function public.get_my_org_id(), public.get_my_role() to authenticated, service_role;
