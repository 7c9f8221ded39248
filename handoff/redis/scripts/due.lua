--[[ due: offers past their deadline, agents unheard for too long, cases to which a rule of overflow may apply, and
  clocks that may have to tell something, at most `limit` of each.
  a: grace_ms, outage_ms, limit
  returns {OK, now, {case_id, agent_id, …}, {agent_id, …}, {case_id, …}, {clock (see clock_row), …}} · events: none
  Nobody could answer while nothing ran here. So after a pause of these calls that was longer than outage_ms, offers
  stand for another outage_ms, and agents have grace_ms to be heard of. ]]
local swept = load(key('swept')) or {last_ms = now, since_ms = 0}
local since = tonumber(swept.since_ms)
if now - swept.last_ms > a.outage_ms then since = now end
call('HSET', key('swept'), 'last_ms', whole(now), 'since_ms', whole(since))

local lapsed, lost = {}, {}
if now - since >= a.outage_ms then
  for _, id in ipairs(call('ZRANGEBYSCORE', key('offers'), '-inf', now, 'LIMIT', 0, a.limit)) do
    lapsed[#lapsed + 1] = id
    lapsed[#lapsed + 1] = call('HGET', key('case', id), 'offered_to')
  end
end
if now - since >= a.grace_ms then
  lost = call('ZRANGEBYSCORE', key('presence'), '-inf', now - a.grace_ms, 'LIMIT', 0, a.limit)
end
local over = call('ZRANGEBYSCORE', key('overflow'), '-inf', now, 'LIMIT', 0, a.limit)
local clocks = {}
for _, member in ipairs(call('ZRANGEBYSCORE', key('clocks'), '-inf', now, 'LIMIT', 0, a.limit)) do
  local row = clock_row(member)
  if row then clocks[#clocks + 1] = row else call('ZREM', key('clocks'), member) end
end
return {OK, whole(now), lapsed, lost, over, clocks}
