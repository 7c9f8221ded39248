--[[ resolve: close the case; the bot owns again under a new epoch and a new session. Twice changes nothing.
  a: agent_id, case_id, outcome (JSON), outcome_reason, line, ticket (a record made in the same step, or false)
  returns the view · NOT_FOUND · NOT_ALLOWED · REFUSED · STALE as in save_record
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if case.state == 'closed' and case.agent_id == a.agent_id then return view(case.conversation_id) end
if not OPEN[case.state] then return {REFUSED, 'the case is ' .. case.state} end
if case.agent_id ~= a.agent_id then return {NOT_ALLOWED, 'this case is not yours'} end
if not can(case, 'resolve') then return refusal(case, 'resolve') end
local new, why = false, nil
if a.ticket then new, why = record_check(a.ticket) end
if why then return why end

finish(case, 'resolve', a.outcome_reason, a.outcome)
notice(case, 'resolved', a.line)
if new then record_keep(a.ticket) end
return view(case.conversation_id)
