--[[ set_agent: the agent's own status, or that their last connection closed.
  a: agent_id, status ('' keeps it and marks them as away)
  returns {OK} · NOT_FOUND · NOT_ALLOWED after leaving, but for going · events: agent ]]
local name = key('agent', a.agent_id)
if call('EXISTS', name) == 0 then return {NOT_FOUND, 'no such agent, or never online'} end
if a.status ~= '' and a.status ~= 'offline' and departed(a.agent_id) then return gone() end
if a.status == '' then
  call('HSET', name, 'away', 1)
else
  call('HSET', name, 'status', a.status, 'missed', 0)
end
refresh(a.agent_id)
publish('agent', '', a.agent_id, '{}')
return {OK}
