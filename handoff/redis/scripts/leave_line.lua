--[[ leave_line: the customer stops waiting, with a message (leave_message) or without (abandon).
  a: conversation_id, verb, line, key ('' for none), text, short (its first characters), outcome (JSON), key_ttl_ms,
     ticket (a record that is made in the same step, or false), case_id (the case it comes from)
  returns {OK, case hash} · NOT_FOUND · REFUSED when nobody waits or an agent is already there · STALE: another case
  events: entry, queue, conversation ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local idem = key('idem', id, 'l:' .. a.key)
local before = a.key ~= '' and call('GET', idem)
if before then return {OK, call('HGETALL', key('case', before))} end
local case = load_case(conversation.case_id)
if not case then return {REFUSED, 'nobody is waiting in this conversation'} end
if conversation.owner ~= 'bot' then return {REFUSED, 'an agent is already there'} end
if not can(case, a.verb) then return refusal(case, a.verb) end
local new, stale = false, nil
if a.ticket then
  if case.case_id ~= a.case_id then return {STALE, 'it is another case by now'} end
  new, stale = record_check(a.ticket)
end
if stale then return stale end

if a.text ~= '' then
  append(id, {kind = 'message', author = 'customer', text = a.text, short = a.short, key = a.key,
    data = '{"left":' .. json(case.case_id) .. '}'})
end
move(case, a.verb, {closed_ms = now, outcome = a.outcome})
notice(case, a.verb == 'abandon' and 'cancelled' or 'message_left', a.line)
if new then record_keep(a.ticket) end
if a.key ~= '' then call('SET', idem, case.case_id, 'PX', a.key_ttl_ms) end
return {OK, call('HGETALL', key('case', case.case_id))}
