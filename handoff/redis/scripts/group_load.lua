--[[ group_load: how busy a group is; beyond 64 ready agents, estimated from 64 of them.
  a: group
  returns {OK, slots, free, {handled ms…}} · events: none ]]
local ready = call('ZCARD', key('ready', a.group))
local sample = call('ZRANGE', key('ready', a.group), 0, 63)
local slots, free = 0, 0
for _, id in ipairs(sample) do
  local cap = tonumber(call('HGET', key('agent', id), 'cap'))
  slots = slots + cap
  free = free + math.max(cap - call('SCARD', key('held', id)), 0)
end
local scale = #sample > 0 and ready / #sample or 0
return {OK, math.floor(slots * scale), math.floor(free * scale), call('LRANGE', key('handled', a.group), 0, -1)}
