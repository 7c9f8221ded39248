--[[ group_load: how busy a group is; beyond 64 ready agents, estimated from 64 of them.
  a: group
  returns {OK, slots, free, {handled ms…}} · events: none ]]
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
return {OK, math.floor(slots * scale), math.floor(free * scale), call('LRANGE', key('handled', a.group), 0, -1)}
