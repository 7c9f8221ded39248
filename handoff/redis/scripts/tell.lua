--[[ tell: say to a customer what they wished to be told, and end the wish: once for each question.
  a: conversation_id, seq (of the question), text, data (JSON)
  returns {OK, 'done' | 'before' (told an earlier time) | 'gone' (no such wish)} · NOT_FOUND
    · REFUSED while a person serves the conversation or is called to it; the wish stands
  events: entry ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local wishes, field = key('wishes', id), whole(a.seq)
if call('SISMEMBER', key('told', id), field) == 1 then return {OK, 'before'} end
if call('HEXISTS', wishes, field) == 0 then return {OK, 'gone'} end
if conversation.owner ~= 'bot' or conversation.case_id ~= '' then
  return {REFUSED, 'a person serves this conversation or is called to it'}
end
append(id, {kind = 'message', author = 'bot', text = a.text, data = a.data})
call('HDEL', wishes, field)
call('SADD', key('told', id), field)
if call('HLEN', wishes) == 0 then call('ZREM', key('wishing'), id) end
return {OK, 'done'}
