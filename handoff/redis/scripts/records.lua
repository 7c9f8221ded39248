--[[ records: documents of one kind, by id or from a list by place.
  a: kind, id ('' for a list), list, until_ms (false: no end), limit, latest (the last ones, the last first)
  returns {OK, document, …} · events: none ]]
local ids
if a.id ~= '' then
  ids = {a.id}
else
  local till = a.until_ms and whole(a.until_ms) or '+inf'
  local name = key('list', a.list)
  if a.latest then
    ids = call('ZREVRANGEBYSCORE', name, till, '-inf', 'LIMIT', 0, a.limit)
  else
    ids = call('ZRANGEBYSCORE', name, '-inf', till, 'LIMIT', 0, a.limit)
  end
end
local found = {OK}
for _, id in ipairs(ids) do
  local document = call('HGET', key('record', a.kind, id), 'document')
  if document then found[#found + 1] = document end
end
return found
