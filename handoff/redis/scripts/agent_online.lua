--[[ agent_online: an agent is here, or here again.
  a: agent_id, display, groups (list), levels (list, in the same order; none: 1 in each), cap, status ('' keeps the earlier one for resume_ms, then break), resume_ms
  returns {OK, agent hash, load} · NOT_ALLOWED after leaving · events: agent ]]
if departed(a.agent_id) then return gone() end
local name = key('agent', a.agent_id)
local known = load(name)
local status = a.status
if status == '' then
  status = known and now - known.heard_ms <= a.resume_ms and known.status or 'break'
end

if known then
  for _, skill in ipairs(skills_of(known.groups, known.levels)) do
    call('ZREM', key('ready', skill[2], skill[1]), a.agent_id)
    call('ZREM', key('free', skill[2], skill[1]), a.agent_id)
  end
end
call('HSET', name, 'agent_id', a.agent_id, 'display', a.display, 'groups', table.concat(a.groups, ' '),
  'levels', table.concat(a.levels, ' '), 'cap', a.cap,
  'status', status, 'heard_ms', now, 'idle_ms', known and known.idle_ms or now, 'missed', 0, 'away', 0, 'gone', 0)
call('SADD', key('agents'), a.agent_id)
call('ZADD', key('presence'), now, a.agent_id)
refresh(a.agent_id)
publish('agent', '', a.agent_id, '{}')
return {OK, call('HGETALL', name), call('SCARD', key('held', a.agent_id))}
