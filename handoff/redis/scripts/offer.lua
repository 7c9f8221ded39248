--[[ offer: put a waiting case before one agent, who must be ready with a free place: checked here, with the claim.
  a: case_id, agent_id, offer_ms, why, cap (most cases of the group in agents' hands, 0: any number), any_group (whether
     the agent need not be of the group)
  returns {OK, 1}, or {OK, 0} when somebody was faster or the group is full · events: entry, queue, conversation ]]
local case = load_case(a.case_id)
local agent = standing(a.agent_id)
if not case or not agent or not can(case, 'offer') or not agent.free then return {OK, 0} end
if not a.any_group and not (' ' .. agent.groups .. ' '):find(' ' .. case.group .. ' ', 1, true) then return {OK, 0} end
if a.cap > 0 and call('SCARD', key('busy', case.group)) >= a.cap then return {OK, 0} end

call('HSET', key('agent', a.agent_id), 'idle_ms', now)
move(case, 'offer', {offered_to = a.agent_id, offer_deadline_ms = now + a.offer_ms, attempts = case.attempts + 1},
  a.why)
return {OK, 1}
