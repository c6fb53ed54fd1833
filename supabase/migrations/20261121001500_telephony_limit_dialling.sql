-- How much an organization may dial: calls at once, and calls per second.

create function telephony.free_slots(pace public.dial_pace) returns integer
language sql stable set search_path = ''
as $$
    select greatest(pace.current_limit - pace.reserved_concurrency - count(*)::integer, 0)
    from public.call_attempts a
    where a.organization_id = pace.organization_id and a.lease_expires_at > now()
      and a.status in ('claimed', 'dialing', 'placed', 'unresolved');
$$;

-- Token bucket with a burst of a quarter second, so that no second exceeds the provider's limit by much.
create function telephony.available_tokens(pace public.dial_pace) returns numeric
language sql stable set search_path = ''
as $$
    select least(
        greatest(pace.calls_per_second / 4, 1),
        pace.tokens + pace.calls_per_second * greatest(extract(epoch from clock_timestamp() - pace.refilled_at), 0));
$$;

-- How many contacts may be dialled now.
create function telephony.allowed_dials(pace public.dial_pace) returns integer
language sql stable set search_path = ''
as $$
    select case
        when pace.blocked_until > now() then 0
        else least(floor(telephony.available_tokens(pace))::integer, telephony.free_slots(pace)) end;
$$;

create function telephony.consume_rate_tokens(organization_id uuid, wanted integer) returns integer
language plpgsql set search_path = ''
as $$
declare
    pace public.dial_pace;
    taken integer;
begin
    select p.* into pace from public.dial_pace p
    where p.organization_id = consume_rate_tokens.organization_id for no key update;
    taken := least(wanted, telephony.allowed_dials(pace));
    update public.dial_pace p
    set tokens = telephony.available_tokens(pace) - taken, refilled_at = clock_timestamp()
    where p.organization_id = consume_rate_tokens.organization_id;
    return taken;
end;
$$;

create function public.refresh_concurrency_v1(
    organization_id uuid, concurrency_limit integer, reserved_concurrency integer, current_concurrency integer
)
returns void
language plpgsql set search_path = ''
as $$
declare
    pace public.dial_pace;
    open_calls integer;
begin
    insert into public.dial_pace (organization_id) values (refresh_concurrency_v1.organization_id) on conflict do nothing;
    select p.* into pace from public.dial_pace p
    where p.organization_id = refresh_concurrency_v1.organization_id for no key update;
    select count(*) into open_calls from public.call_attempts a
    where a.organization_id = refresh_concurrency_v1.organization_id and a.lease_expires_at > now()
      and a.status in ('claimed', 'dialing', 'placed', 'unresolved');
    update public.dial_pace p
    set concurrency_limit = refresh_concurrency_v1.concurrency_limit,
        reserved_concurrency = refresh_concurrency_v1.reserved_concurrency,
        checked_at = now(),
        current_limit = least(
            -- Subtract the account's calls that are not ours.
            greatest(refresh_concurrency_v1.concurrency_limit - greatest(current_concurrency - open_calls, 0), 0),
            -- After a refusal the limit recovers in steps.
            case when p.blocked_until > now() then p.current_limit
                 when p.blocked_until > now() - interval '5 minutes'
                     then p.current_limit + greatest(refresh_concurrency_v1.concurrency_limit / 4, 1)
                 else refresh_concurrency_v1.concurrency_limit end)
    where p.organization_id = refresh_concurrency_v1.organization_id;
end;
$$;
comment on function public.refresh_concurrency_v1(uuid, integer, integer, integer) is
    'Store the provider''s concurrency limit, reserved and used concurrency.';

-- Milliseconds until a contact of the campaign may be dialled; null if none is due or a call must end first.
create function telephony.next_dial_delay(campaign_id uuid) returns integer
language plpgsql stable set search_path = ''
as $$
declare
    pace public.dial_pace;
begin
    perform from public.call_campaigns c
    where c.id = next_dial_delay.campaign_id and c.status = 'active' and exists (
        select from public.campaign_contacts d
        where d.campaign_id = c.id and d.status = 'pending' and d.next_attempt_at <= telephony.now());
    if not found then
        return null;
    end if;
    select p.* into pace from public.dial_pace p
    join public.call_campaigns c on c.organization_id = p.organization_id where c.id = next_dial_delay.campaign_id;
    if pace.organization_id is null then
        return 0;
    elsif pace.blocked_until > now() then
        return extract(epoch from pace.blocked_until - now()) * 1000;
    elsif telephony.free_slots(pace) = 0 then
        return null;
    end if;
    return ceil(greatest(1 - telephony.available_tokens(pace), 0) * 1000 / pace.calls_per_second);
end;
$$;

create function public.next_dial_delay_v1(campaign_id uuid) returns integer
language sql set search_path = ''
as $$ select telephony.next_dial_delay(campaign_id) $$;
comment on function public.next_dial_delay_v1 is 'Milliseconds until a contact of the campaign may be dialled; null if none is due or a call must end first.';
