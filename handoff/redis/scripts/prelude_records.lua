-- Common part of the scripts that keep records: see prelude.lua, after which it is put.

-- Whether a record {kind, id, rev, given, names, agents, once, …} may be kept: true or false (there already), or nil and why.
local function record_check(r)
  local rev = call('HGET', key('record', r.kind, r.id), 'rev')
  if r.once and rev then return false end
  if tonumber(rev or '0') ~= r.rev then return nil, {STALE, 'the record has changed meanwhile'} end
  for _, one in ipairs(r.given) do
    if tonumber(call('HGET', key('record', one[1], one[2]), 'rev') or '0') ~= one[3] then
      return nil, {STALE, 'another record has changed meanwhile'}
    end
  end
  for _, name in ipairs(r.names) do
    local other = call('GET', key('unique', name))
    if other and other ~= r.id then return nil, {STALE, 'the name leads to another record'} end
  end
  for _, agent in ipairs(r.agents) do
    if departed(agent) then return nil, {REFUSED, 'this agent has left'} end
  end
  return true
end

-- Keep a record that `record_check` allowed: its document, the lists it stands in, its remarks, what customers hear.
local function record_keep(r)
  call('HSET', key('record', r.kind, r.id), 'rev', whole(r.rev + 1), 'document', r.document)
  for _, name in ipairs(r.names) do call('SET', key('unique', name), r.id) end
  for _, list in ipairs(r.left) do call('ZREM', key('list', list), r.id) end
  for _, one in ipairs(r.standing) do call('ZADD', key('list', one[1]), one[2], r.id) end
  hand_in(r.kind, r.conversation_id, r.document)
  for _, remark in ipairs(r.remarks) do
    local seq = call('RPUSH', key('remarks', r.kind, r.id), remark)
    hand_in('remark', r.conversation_id, '{"seq":' .. seq .. ',' .. remark:sub(2))
  end
  publish('record', r.conversation_id, '', '{"kind":' .. json(r.kind) .. ',"id":' .. json(r.id) .. '}')
  for _, line in ipairs(r.lines) do
    if call('EXISTS', key('conv', line.conversation_id)) == 1 then
      append(line.conversation_id, {kind = 'message', author = 'system', text = line.text, short = line.short,
        data = '{"kind":"notice","notice":' .. json(line.notice) .. '}'})
    end
  end
end
