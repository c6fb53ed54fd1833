-- Create the RPC that stores a message and its answer together.

create function public.save_chat_turn_v1(
    owner_id uuid, conversation uuid, said text, answered text, metadata jsonb default '{}') returns jsonb
language plpgsql set search_path = ''
as $$
declare
    chat public.conversations;
    said_id uuid;
    answered_id uuid;
begin
    update public.conversations c set updated_at = clock_timestamp()
    where c.id = save_chat_turn_v1.conversation and c.user_id = owner_id returning * into chat;
    if not found then
        raise exception 'Conversation not found' using errcode = 'PT404', detail = 'CONVERSATION_NOT_FOUND';
    end if;
    insert into public.messages (conversation_id, sender, content) values (chat.id, 'user', said) returning id into said_id;
    insert into public.messages (conversation_id, sender, content, metadata)
    values (chat.id, 'assistant', answered, save_chat_turn_v1.metadata) returning id into answered_id;
    update public.characters c set interaction_count = c.interaction_count + 1
    where c.id = coalesce((save_chat_turn_v1.metadata ->> 'character_id')::uuid, chat.character_id);
    return jsonb_build_object('user_message_id', said_id, 'message_id', answered_id);
end;
$$;
comment on function public.save_chat_turn_v1(uuid, uuid, text, text, jsonb) is
    'Append the user''s message and the answer to a conversation of the owner''s; return {user_message_id, message_id}.';

revoke execute on function public.save_chat_turn_v1 from public, anon, authenticated;
grant execute on function public.save_chat_turn_v1 to service_role;
