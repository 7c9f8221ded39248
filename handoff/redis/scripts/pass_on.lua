--[[ pass_on: an offer is declined, or lapses past its deadline; back in line, or to the colleague who handed it over.
  a: agent_id, case_id, verb (decline|lapse), why, max_missed (0: never sends the agent on break)
  returns {OK, case hash} · NOT_FOUND · REFUSED when it is not offered to this agent, or the offer still stands
  events: entry, queue, conversation; agent when they go on break ]]
local case = load_case(a.case_id)
if not case then return {NOT_FOUND, 'no such case'} end
if not can(case, a.verb) then return refusal(case, a.verb) end
if case.offered_to ~= a.agent_id then return {REFUSED, 'the case is offered to somebody else'} end
if a.verb == 'lapse' and tonumber(case.offer_deadline_ms) > now then return {REFUSED, 'the offer still stands'} end

if a.verb == 'lapse' then
  local name = key('agent', a.agent_id)
  local missed = call('HINCRBY', name, 'missed', 1)
  if a.max_missed > 0 and missed >= a.max_missed and call('HGET', name, 'status') == 'ready' then
    call('HSET', name, 'status', 'break', 'missed', 0)
    publish('agent', '', a.agent_id, '{}')
  end
end
local changes = {excluded = without(case, a.agent_id), released_ms = now}
if case.agent_id ~= '' then
  move(case, 'hand_back', changes, a.why ~= '' and a.why or a.verb)
else
  move(case, a.verb, changes, a.why)
end
return {OK, call('HGETALL', key('case', a.case_id))}
