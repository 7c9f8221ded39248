--[[ due: offers past their deadline, agents unheard for too long, cases to which a rule of overflow may apply, and
  clocks that may have to tell something, at most `limit` of each.
  a: grace_ms, outage_ms, short_ms, offer_ms, limit
  returns {OK, now, {case_id, agent_id, …}, {agent_id, …}, {case_id, …}, {clock (see clock_row), …}} · events: none
  Nobody could answer while nothing ran here. So after a pause of these calls longer than short_ms, offers made before
  its end stand for longer (handoff/outage.py), and after one longer than outage_ms agents have grace_ms to be heard of. ]]
local swept = load(key('swept')) or {last_ms = now, since_ms = 0}
local since = tonumber(swept.since_ms)
local ended, hold = tonumber(swept.ended_ms or 0), tonumber(swept.hold_ms or 0)
local pause = now - swept.last_ms
if pause > a.outage_ms then since = now end
if pause > a.short_ms then
  hold = math.max(math.min(pause, a.outage_ms), ended + hold - now)
  ended = now
end
call('HSET', key('swept'), 'last_ms', whole(now), 'since_ms', whole(since), 'ended_ms', whole(ended),
  'hold_ms', whole(hold))

local lapsed, lost = {}, {}
local function lapse(from, to)
  local room = a.limit - #lapsed / 2
  if room <= 0 then return end
  for _, id in ipairs(call('ZRANGEBYSCORE', key('offers'), from, to, 'LIMIT', 0, room)) do
    lapsed[#lapsed + 1] = id
    lapsed[#lapsed + 1] = call('HGET', key('case', id), 'offered_to')
  end
end
local fresh = ended + a.offer_ms  -- the first deadline of an offer that was made after the pause
if now >= ended + hold then
  lapse('-inf', '(' .. whole(math.min(fresh, now - hold + 1)))
end
lapse(whole(fresh), whole(now))
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
