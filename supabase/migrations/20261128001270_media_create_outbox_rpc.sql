-- Read the outbox of a queue outside of Postgres, and take a job back that could not be sent there.

create function public.list_media_outbox_v1(most integer default 200) returns jsonb
language sql stable set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'job_id', o.job_id, 'queue_name', o.queue_name, 'user_id', o.user_id, 'priority', o.priority,
        'payload', o.payload) order by o.id), '[]')
    from (
        select o.id, o.job_id, o.queue_name, j.user_id, j.priority, j.payload
        from media.outbox o join public.jobs j on j.id = o.job_id order by o.id limit most) o;
$$;

create function public.delete_media_outbox_v1(job_ids uuid[]) returns void
language sql set search_path = ''
as $$ delete from media.outbox o where o.job_id = any (job_ids) $$;

create function public.withdraw_media_job_v1(job_id uuid) returns boolean
language plpgsql set search_path = ''
as $$
begin
    delete from public.jobs j
    where j.id = withdraw_media_job_v1.job_id and j.status = 'queued' and j.attempts = 0
      and exists (select from media.outbox o where o.job_id = j.id);
    return found;
end;
$$;

comment on function public.list_media_outbox_v1(integer) is 'The oldest messages that wait for an external queue: [{job_id, queue_name, user_id, priority, payload}].';
comment on function public.delete_media_outbox_v1(uuid[]) is 'Remove messages from the outbox that the external queue holds.';
comment on function public.withdraw_media_job_v1(uuid) is 'Delete a job whose message is still in the outbox. Returns whether it was.';

revoke execute on function public.list_media_outbox_v1, public.delete_media_outbox_v1, public.withdraw_media_job_v1
    from public, anon, authenticated;
grant execute on function public.list_media_outbox_v1, public.delete_media_outbox_v1, public.withdraw_media_job_v1 to service_role;
