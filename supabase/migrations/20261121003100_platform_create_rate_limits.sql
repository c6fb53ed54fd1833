-- Create the token buckets that all instances share. Unlogged: losing them in a crash is harmless.

create unlogged table platform.rate_limits (
  function_slug text not null,
  subject text not null default '',
  tokens double precision not null,
  filled_at timestamptz not null default clock_timestamp(),
  primary key (function_slug, subject)
);

grant select, insert, update, delete on platform.rate_limits to service_role;

create function public.consume_rate_token_v1(
  p_function text,
  p_rate double precision,
  p_subject text default ''
) returns double precision
language plpgsql
set search_path = ''
as $$
declare
  v_capacity constant double precision := greatest(p_rate, 1);
  v_bucket platform.rate_limits;
begin
  if p_rate is null or p_rate <= 0 then
    raise exception 'a rate must be above 0' using errcode = '22023';
  end if;
  insert into platform.rate_limits (function_slug, subject, tokens)
  values (p_function, p_subject, v_capacity)
  on conflict do nothing;
  if found then
    delete from platform.rate_limits
    where (function_slug, subject) in (
      select function_slug, subject from platform.rate_limits
      where filled_at < now() - interval '1 hour'
      limit 100
      for update skip locked
    );
  end if;
  select * into v_bucket from platform.rate_limits
  where function_slug = p_function and subject = p_subject
  for update;
  if not found then
    return 0;  -- deleted since; idle buckets are full
  end if;
  v_bucket.tokens := least(
    v_capacity,
    v_bucket.tokens
      + greatest(extract(epoch from clock_timestamp() - v_bucket.filled_at), 0) * p_rate
  );
  update platform.rate_limits
  set tokens = v_bucket.tokens - case when v_bucket.tokens >= 1 then 1 else 0 end,
    filled_at = clock_timestamp()
  where function_slug = p_function and subject = p_subject;
  return case when v_bucket.tokens >= 1 then 0 else (1 - v_bucket.tokens) / p_rate end;
end;
$$;

comment on table platform.rate_limits is 'Token buckets per function and subject, shared by all instances.';
comment on function public.consume_rate_token_v1(text, double precision, text) is
  'Consume one token. Returns 0 if the request may pass, else the seconds until the next token. The capacity is one second of p_rate, at least one token.';
