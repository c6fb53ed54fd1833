-- Storing what a model made: all outputs of a run together.

create function public.store_outputs(video uuid, outputs jsonb)
returns table (id uuid, output_type text)
language sql volatile security invoker
set search_path = ''
as $$
    insert into public.generated_outputs (video_id, output_type, content, training_data, metadata)
    select store_outputs.video, o.output_type, o.content, o.training_data, coalesce(o.metadata, '{}')
    from jsonb_to_recordset(store_outputs.outputs)
        as o (output_type text, content text, training_data jsonb, metadata jsonb)
    returning generated_outputs.id, generated_outputs.output_type;
$$;

revoke execute on function public.store_outputs(uuid, jsonb) from public, anon;
grant execute on function public.store_outputs(uuid, jsonb) to authenticated, service_role;

comment on function public.store_outputs(uuid, jsonb) is
    'Add rows [{output_type, content, training_data?, metadata?}] to generated_outputs; their ids.';
