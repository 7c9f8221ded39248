--[[ finish_turn: write a turn's result under its epoch, open its case, release the next turn; once a turn.
  a: conversation_id, seq, epoch, attempt, ticket, turn_id, annotation (JSON or ''), replies [{text, short, data}],
     texts (JSON list of the reply texts), new (see enqueue) or false, otherwise, unstaffed (said
     when no case is open, or ''), outcome, key_ttl_ms
  returns {OK, accepted 0|1, log entries, case hash or {}} · NOT_FOUND
          accepted is 0 when the owner has changed (the replies are then recorded as fenced), and when another
          worker finished the turn first (nothing is recorded)
  events: entry; with a case also queue, conversation ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local done = key('done', id, whole(a.seq))
local before = call('GET', done)
if before then
  local attempt, first, last, accepted, case_id = before:match('^(%d+) (%d+) (%d+) (%d) (.*)$')
  if tonumber(attempt) ~= a.attempt then return {OK, 0, {}, {}} end
  local entries = tonumber(last) < tonumber(first) and {} or call('XRANGE', key('log', id), first .. '-0', last .. '-0')
  return {OK, tonumber(accepted), entries, case_id ~= '' and call('HGETALL', key('case', case_id)) or {}}
end
local head = call('LINDEX', key('queue', id), 0)
if not head or head:match('^(%d+)') ~= whole(a.seq) then return {OK, 0, {}, {}} end
local accepted = conversation.owner == 'bot' and tonumber(conversation.epoch) == a.epoch

local first = conversation.seq + 1
if a.annotation ~= '' then
  append(id, {kind = 'annotation', author = 'bot',
    data = '{"about":' .. whole(a.seq) .. ',"understanding":' .. a.annotation .. '}'})
end
local case = nil
if accepted then
  for _, reply in ipairs(a.replies) do
    append(id, {kind = 'message', author = 'bot', text = reply.text, short = reply.short, data = reply.data})
  end
  case = load_case(conversation.case_id)
  if a.new and not case then
    case = enqueue(id, a.new)
  elseif a.new and case then
    notice(case, 'unavailable', a.otherwise)
  elseif a.unstaffed ~= '' and not case then
    append(id, {kind = 'message', author = 'system', text = a.unstaffed,
      data = '{"kind":"notice","notice":"unstaffed"}'})
  end
  if a.outcome ~= '' and a.outcome == conversation.outcome then call('HSET', key('conv', id), 'outcome', '') end
else
  append(id, {kind = 'fenced', author = 'bot', data = '{"about":' .. whole(a.seq) .. ',"turn_id":'
    .. json(a.turn_id) .. ',"texts":' .. a.texts .. '}'})
end
local last = tonumber(call('HGET', key('conv', id), 'seq'))
pop_turn(id, conversation.inflight)
call('SET', done, whole(a.attempt) .. ' ' .. first .. ' ' .. last .. ' ' .. (accepted and 1 or 0) .. ' '
  .. (case and case.case_id or ''), 'PX', a.key_ttl_ms)
local entries = last < first and {} or call('XRANGE', key('log', id), first .. '-0', last .. '-0')
return {OK, accepted and 1 or 0, entries, case and call('HGETALL', key('case', case.case_id)) or {}}
