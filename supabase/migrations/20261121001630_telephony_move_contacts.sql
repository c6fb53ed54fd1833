-- Moves the contacts of a cancelled or retried campaign in batches.

-- A batch at a time, skipping locked rows: one transaction over a million contacts would block all others.
create function public.cancel_contacts_v1(campaign_id uuid, batch integer default 5000) returns integer
language sql set search_path = ''
as $$
    with waiting as (
        select c.id from public.campaign_contacts c
        join public.call_campaigns p on p.id = c.campaign_id and p.status = 'cancelled'
        where c.campaign_id = cancel_contacts_v1.campaign_id and c.status = 'pending'
        limit batch for no key update of c skip locked
    ),
    cancelled as (
        update public.campaign_contacts c
        set status = 'cancelled', outcome = 'cancelled', completed_at = telephony.now()
        from waiting w where c.id = w.id
        returning 1
    )
    select count(*)::integer from cancelled;
$$;

-- Returning 0 does not mean done: the campaign may be paused, or the last contacts may be locked.
create function public.requeue_failed_contacts_v1(campaign_id uuid, batch integer default 5000) returns integer
language plpgsql set search_path = ''
as $$
declare
    campaign public.call_campaigns;
    queued integer;
begin
    select c.* into campaign from public.call_campaigns c
    where c.id = requeue_failed_contacts_v1.campaign_id and c.status = 'active' and c.retried_at is not null;
    if campaign.id is null then
        return 0;
    end if;
    queued := telephony.requeue_contacts(campaign.id, campaign.retried_at, batch);
    if queued = 0 and not telephony.has_failed_contacts(campaign.id, campaign.retried_at) then
        -- Not if it was retried once more meanwhile.
        update public.call_campaigns c set retried_at = null
        where c.id = campaign.id and c.status = 'active' and c.retried_at = campaign.retried_at;
        perform telephony.complete_campaign(campaign.id);
    end if;
    return queued;
end;
$$;
comment on function public.requeue_failed_contacts_v1(uuid, integer) is
    'Requeue a batch of an active campaign''s contacts that failed by retried_at, with all their attempts; returns how many. Invalid numbers stay failed.';
