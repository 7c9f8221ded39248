--[[ wrap_up: the talk is over, the notes are being written.
  a: agent_id, case_id
  returns {OK, case hash} · NOT_FOUND · NOT_ALLOWED · REFUSED
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if not OPEN[case.state] then return {REFUSED, 'the case is ' .. case.state} end
if case.agent_id ~= a.agent_id then return {NOT_ALLOWED, 'this case is not yours'} end
if case.state ~= 'wrap_up' then
  if not can(case, 'wrap_up') then return refusal(case, 'wrap_up') end
  move(case, 'wrap_up', {})
end
return {OK, call('HGETALL', key('case', a.case_id))}
