--[[ transfer: hand an active case on with a note, to an agent (who must accept) or to a group's line.
  a: agent_id (who has it), by (who hands it on, when that is a supervisor), case_id, note, to_agent, to_group, offer_ms, line
  returns {OK, case hash} · NOT_FOUND · NOT_ALLOWED · REFUSED when the other agent has no free place
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if not OPEN[case.state] then return {REFUSED, 'the case is ' .. case.state} end
if case.agent_id ~= a.agent_id then return {NOT_ALLOWED, 'this case is not yours'} end
local verb = a.to_agent ~= '' and 'transfer_agent' or 'transfer_group'
if not can(case, verb) then return refusal(case, verb) end
if a.to_agent ~= '' and (a.to_agent == a.agent_id or not is_free(a.to_agent)) then
  return {REFUSED, 'the other agent is not there or has no free place'}
end

append(case.conversation_id, {kind = 'note', author = 'agent', author_id = a.by ~= '' and a.by or a.agent_id, text = a.note,
  data = '{"case_id":' .. json(a.case_id) .. ',"transfer":true}'})
if a.to_agent ~= '' then
  call('HSET', key('agent', a.to_agent), 'idle_ms', now)
  move(case, verb, {offered_to = a.to_agent, offer_deadline_ms = now + a.offer_ms, note = a.note,
    attempts = case.attempts + 1})
else
  own(case.conversation_id, 'bot', '')
  move(case, verb, {agent_id = '', group = a.to_group, note = a.note, excluded = a.agent_id,
    released_ms = now})
  freed(a.agent_id)
  notice(case, 'transferred', a.line)
end
return {OK, call('HGETALL', key('case', a.case_id))}
