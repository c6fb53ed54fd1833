create extension if not exists pgmq;
select pgmq.create('emails');
create schema if not exists pgmq_public;
create function pgmq_public.send(queue_name text, message jsonb) returns setof bigint
  language sql set search_path = '' as $$ select * from pgmq.send(queue_name, message) $$;
create table public.signups (id serial primary key, address text);
create function public.queue_welcome() returns trigger language plpgsql security definer as $$
begin
  perform pgmq.send('emails', jsonb_build_object('to', new.address));
  perform net.http_post(url := 'http://127.0.0.1:9/hook', body := to_jsonb(new), timeout_milliseconds := 100);
  return new;
end $$;
create trigger queue_welcome after insert on public.signups for each row execute function public.queue_welcome();
select cron.schedule('send', '*/5 * * * *', 'select 1');
select cron.unschedule('send') where exists (select 1 from cron.job where jobname = 'send');
insert into public.signups (address) values ('ann@example.com');
