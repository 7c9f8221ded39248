--[[ agent_say: log an agent's message under the epoch in which they took the case.
  a: agent_id, conversation_id, key, text, short, epoch, data (JSON or ''), key_ttl_ms
  returns {OK, seq, at, epoch, owner, 0, duplicate 0|1} · NOT_FOUND · STALE · NOT_ALLOWED
  events: entry ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local idem = key('idem', id, 'a:' .. a.agent_id .. ':' .. a.key)
local before = call('GET', idem)
if before then
  local seq, at, epoch = before:match('^(%d+) (%d+) (%d+)$')
  return {OK, seq, at, epoch, 'agent', 0, 1}
end
if a.epoch < tonumber(conversation.epoch) then
  return {STALE, 'written under epoch ' .. whole(a.epoch) .. ', the conversation is at ' .. conversation.epoch}
end
if conversation.owner ~= 'agent' or conversation.agent_id ~= a.agent_id then
  return {NOT_ALLOWED, 'this conversation is not yours'}
end

local seq = append(id, {kind = 'message', author = 'agent', author_id = a.agent_id, text = a.text, short = a.short,
  key = a.key, data = a.data})
call('HSET', key('conv', id), 'owed_ms', 0)
stop_clock('answer', conversation.case_id)
call('SET', idem, seq .. ' ' .. whole(now) .. ' ' .. conversation.epoch, 'PX', a.key_ttl_ms)
return {OK, seq, whole(now), conversation.epoch, 'agent', 0, 0}
