-- Let an attempt begin without a prediction: one that the metadata of a request names, or that an earlier attempt has left,
-- would be read as its own, and end it.

create function media.forget_prediction() returns trigger
language plpgsql set search_path = ''
as $$
begin
    new.metadata := new.metadata - 'prediction_id';
    return new;
end;
$$;

create trigger forget_prediction before update of attempts on public.jobs
    for each row when (new.attempts > old.attempts) execute function media.forget_prediction();

revoke execute on function media.forget_prediction from public;
