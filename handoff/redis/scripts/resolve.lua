--[[ resolve: close the case; the bot owns again under a new epoch and a new session. Twice changes nothing.
  a: agent_id, case_id, outcome (JSON), outcome_reason, line
  returns the view · NOT_FOUND · NOT_ALLOWED · REFUSED
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if case.state == 'closed' and case.agent_id == a.agent_id then return view(case.conversation_id) end
if not OPEN[case.state] then return {REFUSED, 'the case is ' .. case.state} end
if case.agent_id ~= a.agent_id then return {NOT_ALLOWED, 'this case is not yours'} end
if not can(case, 'resolve') then return refusal(case, 'resolve') end

finish(case, 'resolve', a.outcome_reason, a.outcome)
notice(case, 'resolved', a.line)
return view(case.conversation_id)
