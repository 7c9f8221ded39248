--[[ heartbeat: the agent is heard of; one who was away or given up is back.
  a: agent_id
  returns {OK} · NOT_FOUND for one who was never online · NOT_ALLOWED after leaving · events: agent, when they come back ]]
local name = key('agent', a.agent_id)
local agent = load(name)
if not agent then return {NOT_FOUND, 'no such agent, or never online'} end
if departed(a.agent_id) then return gone() end
call('HSET', name, 'heard_ms', now, 'away', 0, 'gone', 0)
call('ZADD', key('presence'), now, a.agent_id)
if agent.away == '1' or agent.gone == '1' then
  refresh(a.agent_id)
  publish('agent', '', a.agent_id, '{}')
end
return {OK}
