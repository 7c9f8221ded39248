--[[ openings: for each group with somebody waiting and somebody free, the heads of the lines: of the cases, and of
  the agents of each level.
  a: limit
  returns {OK, now, {group, {case hash…}, {{agent hash, load}…}, {ready ids}, {levels that are ready, highest first},
    cases in agents' hands}…} · events: none ]]
local found = {OK, whole(now)}

local function level_in(kind, group, id)
  for level = LEVELS, 1, -1 do
    if call('ZSCORE', key(kind, level, group), id) then return level end
  end
end

for _, group in ipairs(call('SMEMBERS', key('groups'))) do
  if call('ZCARD', key('waiting', group)) > 0 then
    local free, ready, levels, seen = {}, {}, {}, {}
    for level = LEVELS, 1, -1 do
      if call('ZCARD', key('ready', level, group)) > 0 then
        levels[#levels + 1] = level
        for _, id in ipairs(call('ZRANGE', key('ready', level, group), 0, 255 - #ready)) do ready[#ready + 1] = id end
        for _, id in ipairs(call('ZRANGE', key('free', level, group), 0, a.limit - 1)) do
          free[#free + 1] = id
          seen[id] = true
        end
      end
    end
    if #free > 0 then
      local cases, agents = {}, {}
      for i, id in ipairs(call('ZRANGE', key('waiting', group), 0, a.limit - 1)) do
        cases[i] = call('HGETALL', key('case', id))
        -- An agent whom a case prefers is shown too, however far back in the line of agents.
        local preferred = call('HGET', key('case', id), 'preferred')
        if preferred ~= '' and not seen[preferred] then
          seen[preferred] = true
          if level_in('free', group, preferred) then free[#free + 1] = preferred end
          if level_in('ready', group, preferred) then ready[#ready + 1] = preferred end
        end
      end
      for i, id in ipairs(free) do agents[i] = {call('HGETALL', key('agent', id)), call('SCARD', key('held', id))} end
      found[#found + 1] = {group, cases, agents, ready, levels, call('SCARD', key('busy', group))}
    end
  end
end
return found
