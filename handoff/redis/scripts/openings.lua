--[[ openings: for each group with somebody waiting and somebody free, the heads of both lines.
  a: limit
  returns {OK, now, {group, {case hash…}, {{agent hash, load}…}, {ready ids}}…} · events: none ]]
local found = {OK, whole(now)}
for _, group in ipairs(call('SMEMBERS', key('groups'))) do
  local free = call('ZRANGE', key('free', group), 0, a.limit - 1)
  local waiting = #free > 0 and call('ZRANGE', key('waiting', group), 0, a.limit - 1) or {}
  if #waiting > 0 then
    local cases, agents = {}, {}
    local ready = call('ZRANGE', key('ready', group), 0, 255)
    local seen = {}
    for _, id in ipairs(free) do seen[id] = true end
    for i, id in ipairs(waiting) do
      cases[i] = call('HGETALL', key('case', id))
      -- An agent whom a case prefers is shown too, however far back in the line of agents.
      local preferred = call('HGET', key('case', id), 'preferred')
      if preferred ~= '' and not seen[preferred] then
        seen[preferred] = true
        if call('ZSCORE', key('free', group), preferred) then free[#free + 1] = preferred end
        if call('ZSCORE', key('ready', group), preferred) then ready[#ready + 1] = preferred end
      end
    end
    for i, id in ipairs(free) do agents[i] = {call('HGETALL', key('agent', id)), call('SCARD', key('held', id))} end
    found[#found + 1] = {group, cases, agents, ready}
  end
end
return found
