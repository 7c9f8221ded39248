--[[ open_case: put the conversation in line, unless it has an open case.
  a: conversation_id, new (see enqueue in the prelude)
  returns {OK, case hash} · NOT_FOUND
  events: entry, queue, conversation ]]
local conversation = load_conversation(a.conversation_id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local case_id = conversation.case_id
if case_id == '' then case_id = enqueue(a.conversation_id, a.new).case_id end
return {OK, call('HGETALL', key('case', case_id))}
