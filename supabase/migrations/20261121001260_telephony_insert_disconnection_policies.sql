-- The reasons are those of Retell's API reference (call object, disconnection_reason) and two of its older ones.

insert into public.disconnection_policies
    (reason, outcome, disposition, counts, delay, max_tries, connected) values
    ('user_hangup', 'connected', 'final', true, null, null, true),
    ('agent_hangup', 'connected', 'final', true, null, null, true),
    ('max_duration_reached', 'connected', 'final', true, null, null, true),
    ('manual_stopped', 'connected', 'final', true, null, null, true),
    ('call_take_over', 'connected', 'final', true, null, null, true),
    ('call_transfer', 'transferred', 'final', true, null, null, true),
    ('transfer_bridged', 'transferred', 'final', true, null, null, true),
    ('transfer_cancelled', 'connected', 'final', true, null, null, true),
    ('user_requested_dnc', 'do_not_call', 'final', true, null, null, true),
    ('user_requested_callback', 'callback', 'callback', false, '1 day', 20, true),
    ('inactivity', 'silent', 'retry', true, '1 day', null, true),
    ('voicemail_reached', 'voicemail', 'retry', true, '4 hours', null, false),
    ('machine_detected', 'voicemail', 'retry', true, '4 hours', null, false),
    ('ivr_reached', 'ivr', 'retry', true, '4 hours', 2, false),
    ('dial_no_answer', 'no_answer', 'retry', true, '2 hours', null, false),
    ('dial_busy', 'busy', 'retry', true, '20 minutes', null, false),
    ('user_declined', 'declined', 'retry', true, '1 day', 2, false),
    ('dial_failed', 'failed', 'retry', true, '4 hours', 3, false),
    ('invalid_destination', 'invalid_number', 'final', true, null, null, false),
    ('error_user_not_joined', 'failed', 'final', true, null, null, false),
    ('telephony_provider_unavailable', 'failed', 'retry', false, '15 minutes', 20, false),
    ('registered_call_timeout', 'failed', 'retry', false, '15 minutes', 20, false),
    ('concurrency_limit_reached', 'failed', 'slow_down', false, '60 seconds', 20, false),
    ('no_concurrency_fallback', 'failed', 'slow_down', false, '60 seconds', 20, false);

-- Retry a technical failure soon, or the next day if it interrupted a conversation.
insert into public.disconnection_policies
    (reason, outcome, disposition, counts, delay, reached_delay, max_tries) values
    ('error_llm_websocket_open', 'failed', 'retry', false, '30 minutes', '1 day', 20),
    ('error_llm_websocket_lost_connection', 'failed', 'retry', false, '30 minutes', '1 day', 20),
    ('error_llm_websocket_runtime', 'failed', 'retry', false, '30 minutes', '1 day', 20),
    ('error_llm_websocket_corrupt_payload', 'failed', 'retry', false, '30 minutes', '1 day', 20),
    ('error_no_audio_received', 'failed', 'retry', true, '30 minutes', '1 day', 2),
    ('error_asr', 'failed', 'retry', true, '30 minutes', '1 day', 2),
    ('error_retell', 'failed', 'retry', true, '30 minutes', '1 day', 2),
    ('error_unknown', 'failed', 'retry', true, '30 minutes', '1 day', 2),
    ('error_inbound_webhook', 'failed', 'retry', true, '30 minutes', '1 day', 2),
    ('unknown', 'failed', 'retry', true, '30 minutes', '1 day', null);

insert into public.disconnection_policies
    (reason, outcome, disposition, counts, delay, max_tries, message) values
    ('marked_as_spam', 'failed', 'pause_campaign', false, '1 hour', 20,
     'The number that this campaign calls from is marked as spam, and is not used any more. Give the campaign another one, then resume it.'),
    ('network_blocked', 'failed', 'pause_campaign', false, '1 hour', 20,
     'The telephone network blocks the number that this campaign calls from; it is not used any more. Give the campaign another one, then resume it.'),
    ('telephony_provider_permission_denied', 'failed', 'pause_campaign', false, '1 hour', 20,
     'The telephone provider does not permit calls to these numbers. Allow the country in its settings, then resume the campaign.'),
    ('sip_routing_error', 'failed', 'pause_campaign', false, '1 hour', 20,
     'Calls cannot be routed. Check the SIP settings of the number that this campaign calls from, then resume it.'),
    ('no_valid_payment', 'failed', 'pause_campaign', false, '1 hour', 20,
     'Retell has no valid means of payment. Add one in its billing settings, then resume the campaign.'),
    ('credit_exhausted', 'failed', 'pause_campaign', false, '1 hour', 20,
     'The credit at Retell is used up. Buy more in its billing settings, then resume the campaign.'),
    ('budget_reached', 'failed', 'pause_campaign', false, '1 hour', 20,
     'The budget set at Retell is used up. Raise it in its billing settings, then resume the campaign.'),
    ('scam_detected', 'failed', 'pause_campaign', false, '1 day', 20,
     'Retell took a call of this campaign for a scam. Review the agent and write to Retell, before the account is closed.');

update public.disconnection_policies set brief_delay = '1 day' where reason = 'user_hangup';
update public.disconnection_policies set stops_number = true where reason in ('marked_as_spam', 'network_blocked');
update public.disconnection_policies
    set pauses_after = 5, message = 'The last calls of this campaign broke down at the agent''s language model. See whether its server answers, then resume the campaign.'
    where reason like 'error_llm_%';
update public.disconnection_policies
    set pauses_after = 20, message = 'The last calls of this campaign could not be dialled. See whether the number that it calls from still works, then resume the campaign.'
    where reason = 'dial_failed';
update public.disconnection_policies
    set follow_up = 'The transfer to a person was cancelled. Call back yourself.' where reason = 'transfer_cancelled';
update public.disconnection_policies set voicemail = true where outcome = 'voicemail';
update public.disconnection_policies set adds_do_not_call = true where outcome = 'do_not_call';
