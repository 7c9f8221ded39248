--[[ due: offers past their deadline and agents unheard for too long, at most `limit` of each.
  a: grace_ms, limit
  returns {OK, {case_id, agent_id, …}, {agent_id, …}} · events: none ]]
local lapsed = {}
for _, id in ipairs(call('ZRANGEBYSCORE', key('offers'), '-inf', now, 'LIMIT', 0, a.limit)) do
  lapsed[#lapsed + 1] = id
  lapsed[#lapsed + 1] = call('HGET', key('case', id), 'offered_to')
end
return {OK, lapsed, call('ZRANGEBYSCORE', key('presence'), '-inf', now - a.grace_ms, 'LIMIT', 0, a.limit)}
