--[[ lose_agent: give an agent up who is unheard for grace_ms; what they hold goes back, the place kept.
  a: agent_id, grace_ms, line
  returns {OK, case_id, …}; none when the agent was heard of meanwhile, or is given up already
  events: entry, queue, conversation for each case; agent ]]
local name = key('agent', a.agent_id)
local agent = load(name)
if not agent or agent.gone == '1' or tonumber(agent.heard_ms) > now - a.grace_ms then return {OK} end

call('HSET', name, 'gone', 1)
call('ZREM', key('presence'), a.agent_id)
refresh(a.agent_id)
local held = lose_cases(a.agent_id, a.line, {agent = '', group = ''})
publish('agent', '', a.agent_id, '{}')
return {OK, unpack(held)}
