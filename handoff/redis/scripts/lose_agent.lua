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
local held = call('SMEMBERS', key('held', a.agent_id))
table.sort(held)
local result = {OK}
for _, id in ipairs(held) do
  local case = load_case(id)
  local changes = {excluded = without(case, a.agent_id), released_ms = now}
  if case.state == 'wrap_up' then
    finish(case, 'lose', 'agent_lost', '{"reason":"agent_lost"}')
  elseif case.state == 'active' then
    own(case.conversation_id, 'bot', '')
    changes.agent_id = ''
    move(case, 'lose', changes)
    notice(case, 'lost', a.line)
  elseif case.offered_to == a.agent_id and case.agent_id ~= '' then
    move(case, 'hand_back', changes, 'lose')
  elseif case.offered_to == a.agent_id then
    move(case, 'lose', changes)
  else -- they were handing it over: the offer to the colleague stands, the conversation is the bot's meanwhile
    own(case.conversation_id, 'bot', '')
    update(case, {agent_id = '', excluded = without(case, a.agent_id)})
    notice(case, 'lost', a.line)
    publish('conversation', case.conversation_id, '', '{}')
  end
  result[#result + 1] = id
end
publish('agent', '', a.agent_id, '{}')
return result
