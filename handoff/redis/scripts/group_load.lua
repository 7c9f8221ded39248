--[[ group_load: how busy a group is; beyond 64 ready agents, estimated from 64 of them.
  a: group
  returns {OK, slots, free, {handled ms…}, patience ms (0: nobody left of late), offered} · events: none ]]
local ready, sample = 0, {}
for level = LEVELS, 1, -1 do
  local name = key('ready', level, a.group)
  ready = ready + call('ZCARD', name)
  if #sample < 64 then
    for _, id in ipairs(call('ZRANGE', name, 0, 63 - #sample)) do sample[#sample + 1] = id end
  end
end
local slots, free = 0, 0
for _, id in ipairs(sample) do
  local cap = tonumber(call('HGET', key('agent', id), 'cap'))
  slots = slots + cap
  free = free + math.max(cap - call('SCARD', key('held', id)), 0)
end
local scale = #sample > 0 and ready / #sample or 0
local waited, left = 0, 0
for _, one in ipairs(call('LRANGE', key('waited', a.group), 0, -1)) do
  waited = waited + one:match('%d+')
  if one:find('left', 1, true) then left = left + 1 end
end
return {OK, math.floor(slots * scale), math.floor(free * scale), call('LRANGE', key('handled', a.group), 0, -1),
  left > 0 and math.floor(waited / left) or 0,
  call('ZCARD', key('line', a.group)) - call('ZCARD', key('waiting', a.group))}
