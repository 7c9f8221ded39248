--[[ take_over: a supervisor takes the case, whoever has it.
  a: agent_id, case_id, line
  returns the view · NOT_FOUND · NOT_ALLOWED after leaving · REFUSED
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if case.state == 'active' and case.agent_id == a.agent_id then return view(case.conversation_id) end
if departed(a.agent_id) then return gone() end
if not can(case, 'take_over') then return refusal(case, 'take_over') end
local display = call('HGET', key('agent', a.agent_id), 'display')
if not display then return {NOT_FOUND, 'no such agent, or never online'} end

local before = {case.agent_id, case.offered_to}
own(case.conversation_id, 'agent', a.agent_id)
move(case, 'take_over', {agent_id = a.agent_id, accepted_ms = case.accepted_ms == '0' and now or case.accepted_ms})
for _, other in ipairs(before) do
  if other ~= '' and other ~= a.agent_id then
    freed(other)
    publish('queue', case.conversation_id, other, '{"case_id":' .. json(case.case_id) .. '}')
  end
end
notice(case, 'accepted', a.line, display)
return view(case.conversation_id)
