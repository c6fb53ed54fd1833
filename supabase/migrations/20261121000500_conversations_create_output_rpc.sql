-- Create the RPC function that stores all model outputs of a run together.

create function public.store_outputs_v1(video uuid, outputs jsonb)
returns table (id uuid, output_type text)
language sql volatile security invoker
set search_path = ''
as $$
    insert into public.generated_outputs (video_id, output_type, content, training_data, metadata)
    select store_outputs_v1.video, o.output_type, o.content, o.training_data, coalesce(o.metadata, '{}')
    from jsonb_to_recordset(store_outputs_v1.outputs)
        as o (output_type text, content text, training_data jsonb, metadata jsonb)
    returning generated_outputs.id, generated_outputs.output_type;
$$;

comment on function public.store_outputs_v1(uuid, jsonb) is
    'Insert rows [{output_type, content, training_data?, metadata?}] into generated_outputs and return their ids.';
