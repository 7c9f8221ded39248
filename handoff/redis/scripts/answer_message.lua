--[[ answer_message: an agent answers a message that a customer left; the case is closed.
  a: agent_id, case_id, key, text, short, outcome (JSON), ticket (its record, or false)
  returns {OK, case hash} · NOT_FOUND · NOT_ALLOWED after leaving · STALE as in save_record
    REFUSED unless it is a message left; the same agent again changes nothing
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if not (case.state == 'closed' and case.agent_id == a.agent_id) then
  if departed(a.agent_id) then return gone() end
  if not can(case, 'answer') then return refusal(case, 'answer') end
  local new, why = false, nil
  if a.ticket then new, why = record_check(a.ticket) end
  if why then return why end
  append(case.conversation_id, {kind = 'message', author = 'agent', author_id = a.agent_id, text = a.text,
    short = a.short, key = a.key, data = '{"answers":' .. json(case.case_id) .. '}'})
  move(case, 'answer', {agent_id = a.agent_id, closed_ms = now, outcome = a.outcome})
  if new then record_keep(a.ticket) end
end
return {OK, call('HGETALL', key('case', a.case_id))}
