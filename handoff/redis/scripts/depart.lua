--[[ depart: an agent has left for good. What they hold goes back, to the heir's group or to the heir first; from then
  on nothing can come into their hands. Again changes nothing.
  a: agent_id, heir {agent, group} (either may be ''), line
  returns {OK, case_id, …} · REFUSED for an heir who has left too
  events: entry, queue, conversation for each case; departed ]]
if a.heir.agent == a.agent_id or departed(a.heir.agent) then return {REFUSED, 'the heir has left too'} end

call('SADD', key('departed'), a.agent_id)
local name = key('agent', a.agent_id)
if call('EXISTS', name) == 1 then
  call('HSET', name, 'gone', 1, 'status', 'offline')
  call('ZREM', key('presence'), a.agent_id)
  refresh(a.agent_id)
end
local held = lose_cases(a.agent_id, a.line, a.heir)
-- Nobody waits for them any more. This walks all open cases, which a departure may cost.
local open = call('ZRANGE', key('active'), 0, -1)
for _, group in ipairs(call('SMEMBERS', key('groups'))) do
  for _, id in ipairs(call('ZRANGE', key('line', group), 0, -1)) do open[#open + 1] = id end
end
table.sort(open)
for _, id in ipairs(open) do
  if call('HGET', key('case', id), 'preferred') == a.agent_id then
    update(load_case(id), {preferred = a.heir.agent})
  end
end
publish('departed', '', a.agent_id, '{}')
return {OK, unpack(held)}
