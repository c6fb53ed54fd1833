-- Token buckets that all instances share. Losing them in a crash costs nothing: unlogged.
create unlogged table public.rate_limits (
  function_slug text not null,
  subject text not null default '',
  tokens double precision not null,
  filled_at timestamptz not null default clock_timestamp(),
  primary key (function_slug, subject)
);

alter table public.rate_limits enable row level security;
revoke all on public.rate_limits from anon, authenticated;

-- 0 when a request may pass, else the seconds until the next one may. A bucket holds what a second
-- brings, and one token at least.
create function public.take_rate_token(
  p_function text,
  p_rate double precision,
  p_subject text default ''
) returns double precision
language plpgsql
set search_path = ''
as $$
declare
  v_most constant double precision := greatest(p_rate, 1);
  v_bucket public.rate_limits;
begin
  if p_rate is null or p_rate <= 0 then
    raise exception 'a rate must be above 0' using errcode = '22023';
  end if;
  insert into public.rate_limits (function_slug, subject, tokens)
  values (p_function, p_subject, v_most)
  on conflict do nothing;
  if found then
    delete from public.rate_limits
    where (function_slug, subject) in (
      select function_slug, subject from public.rate_limits
      where filled_at < now() - interval '1 hour'
      limit 100
      for update skip locked
    );
  end if;
  select * into v_bucket from public.rate_limits
  where function_slug = p_function and subject = p_subject
  for update;
  if not found then
    return 0;  -- swept away since; a bucket that was full
  end if;
  v_bucket.tokens := least(
    v_most,
    v_bucket.tokens
      + greatest(extract(epoch from clock_timestamp() - v_bucket.filled_at), 0) * p_rate
  );
  update public.rate_limits
  set tokens = v_bucket.tokens - case when v_bucket.tokens >= 1 then 1 else 0 end,
    filled_at = clock_timestamp()
  where function_slug = p_function and subject = p_subject;
  return case when v_bucket.tokens >= 1 then 0 else (1 - v_bucket.tokens) / p_rate end;
end;
$$;

revoke all on function public.take_rate_token(text, double precision, text)
  from public, anon, authenticated;
grant execute on function public.take_rate_token(text, double precision, text) to service_role;
grant select, insert, update, delete on public.rate_limits to service_role;

comment on table public.rate_limits is 'Token buckets of functions, shared by all instances.';
