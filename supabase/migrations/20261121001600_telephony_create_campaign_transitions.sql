-- The states of a campaign: draft → active ⇄ paused → completed, failed or cancelled.

create table telephony.campaign_transitions (
    action text,
    from_status text,
    to_status text not null,
    primary key (action, from_status)
);
comment on table telephony.campaign_transitions is 'The allowed transitions between states, by action.';

alter table telephony.campaign_transitions enable row level security;
grant select on telephony.campaign_transitions to service_role;

insert into telephony.campaign_transitions (action, from_status, to_status) values
    ('start_campaign', 'draft', 'active'),
    ('start_campaign', 'failed', 'active'),
    ('pause_campaign', 'active', 'paused'),
    ('resume_campaign', 'paused', 'active'),
    ('cancel_campaign', 'draft', 'cancelled'),
    ('cancel_campaign', 'active', 'cancelled'),
    ('cancel_campaign', 'paused', 'cancelled'),
    ('retry_failed', 'active', 'active'),
    ('retry_failed', 'paused', 'active'),
    ('retry_failed', 'completed', 'active'),
    ('retry_failed', 'failed', 'active');
