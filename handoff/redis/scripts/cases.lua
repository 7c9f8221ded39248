--[[ cases: cases by id, by conversation, by agent, the heads of all lines, those with an agent, or messages left.
  a: by (case|conversation|agent|line|active|messages), id, limit
  returns {OK, case hash…} · NOT_FOUND · events: none ]]
local ids = {}
if a.by == 'case' then
  if call('EXISTS', key('case', a.id)) == 0 then return {NOT_FOUND, 'no such case'} end
  ids = {a.id}
elseif a.by == 'conversation' then
  if call('EXISTS', key('conv', a.id)) == 0 then return {NOT_FOUND, 'no such conversation'} end
  ids = call('LRANGE', key('history', a.id), -a.limit, -1)
elseif a.by == 'agent' then
  ids = call('SMEMBERS', key('held', a.id))
elseif a.by == 'active' or a.by == 'messages' then
  ids = call('ZRANGE', key(a.by), 0, a.limit - 1)
else
  for _, group in ipairs(call('SMEMBERS', key('groups'))) do
    for _, id in ipairs(call('ZRANGE', key('line', group), 0, a.limit - 1)) do ids[#ids + 1] = id end
  end
end
local found = {OK}
for _, id in ipairs(ids) do found[#found + 1] = call('HGETALL', key('case', id)) end
return found
