--[[ say: log a customer message; queue a turn if the bot owns the conversation; reopen a case in wrap-up.
  a: conversation_id, key, text, short, data (JSON or ''), key_ttl_ms
  returns {OK, seq, at, epoch, owner, queued 0|1, duplicate 0|1} · NOT_FOUND
  events: entry; with a reopened case also queue, conversation ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local idem = key('idem', id, 's:' .. a.key)
local before = call('GET', idem)
if before then
  local seq, at, epoch, owner, queued = before:match('^(%d+) (%d+) (%d+) (%a+) (%d)$')
  return {OK, seq, at, epoch, owner, queued, 1}
end
local case = load_case(conversation.case_id)

if case and case.state == 'wrap_up' then move(case, 'reopen', {}) end
local seq = append(id, {kind = 'message', author = 'customer', text = a.text, short = a.short, key = a.key,
  data = a.data})
if case and conversation.owed_ms == '0' then owe(id, case.case_id, false) end
local queued = 0
if conversation.owner == 'bot' then
  queued = 1
  call('RPUSH', key('queue', id), seq .. ' ' .. conversation.epoch .. ' ' .. conversation.bot_session)
  if conversation.inflight == '' then release_turn(id) end
end
call('SET', idem, seq .. ' ' .. whole(now) .. ' ' .. conversation.epoch .. ' ' .. conversation.owner .. ' ' .. queued,
  'PX', a.key_ttl_ms)
return {OK, seq, whole(now), conversation.epoch, conversation.owner, queued, 0}
