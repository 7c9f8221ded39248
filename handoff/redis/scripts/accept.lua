--[[ accept: the agent takes the offer; owner and epoch change. Accepting one's own active case changes nothing.
  a: agent_id, case_id, line
  returns the view · NOT_FOUND · REFUSED when it is not offered, or to somebody else
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if case.state == 'active' and case.agent_id == a.agent_id then return view(case.conversation_id) end
if not can(case, 'accept') then return refusal(case, 'accept') end
if case.offered_to ~= a.agent_id then return {REFUSED, 'the case is offered to somebody else'} end

call('HSET', key('agent', a.agent_id), 'missed', 0)
local before = case.agent_id
own(case.conversation_id, 'agent', a.agent_id)
move(case, 'accept', {agent_id = a.agent_id, accepted_ms = case.accepted_ms == '0' and now or case.accepted_ms})
freed(before)
notice(case, 'accepted', a.line, call('HGET', key('agent', a.agent_id), 'display'))
return view(case.conversation_id)
