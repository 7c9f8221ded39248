--[[ agents: every agent who has been online, with their load.
  a: (none)
  returns {OK, {agent hash, load}…} · events: none ]]
local found = {OK}
for _, id in ipairs(call('SMEMBERS', key('agents'))) do
  found[#found + 1] = {call('HGETALL', key('agent', id)), call('SCARD', key('held', id))}
end
return found
