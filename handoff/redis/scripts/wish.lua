--[[ wish: log that a customer wants to be told the answer to one of their questions, or does not any more; once a key.
  a: conversation_id, key, seq (of the question), question, wanted (bool), data (JSON), key_ttl_ms, most, kept_ms
  returns {OK, the log entry} · NOT_FOUND · REFUSED when `most` wishes of the conversation stand
  events: entry ]]
local id = a.conversation_id
if not load_conversation(id) then return {NOT_FOUND, 'no such conversation'} end
local idem = key('idem', id, 'w:' .. a.key)
local seq = call('GET', idem)
if not seq then
  local wishes, field = key('wishes', id), whole(a.seq)
  if a.wanted and call('HEXISTS', wishes, field) == 0 and call('HLEN', wishes) >= a.most then
    return {REFUSED, 'too many wishes stand'}
  end
  seq = append(id, {kind = 'feedback', author = 'customer', key = a.key, data = a.data})
  call('SET', idem, seq, 'PX', a.key_ttl_ms)
  if not a.wanted then
    call('HDEL', wishes, field)
    if call('HLEN', wishes) == 0 then call('ZREM', key('wishing'), id) end
  elseif call('SISMEMBER', key('told', id), field) == 0 then
    call('HSET', wishes, field, whole(now) .. ' ' .. a.question)
    call('ZADD', key('wishing'), now, id)
  end
  -- Nobody else clears away what was wished too long ago.
  for _, old in ipairs(call('ZRANGEBYSCORE', key('wishing'), '-inf', '(' .. whole(now - a.kept_ms), 'LIMIT', 0, 10)) do
    call('DEL', key('wishes', old))
    call('ZREM', key('wishing'), old)
  end
end
return {OK, call('XRANGE', key('log', id), seq .. '-0', seq .. '-0')[1]}
