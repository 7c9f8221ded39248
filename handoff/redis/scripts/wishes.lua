--[[ wishes: conversations whose customers want to be told something, those who wished longest ago first.
  a: limit (conversations), kept_ms
  returns {OK, {{conversation_id, {seq, "AT_MS QUESTION", …}}, …}, since_ms}: single wishes may be older than since_ms
  events: none ]]
local found = {}
for _, id in ipairs(call('ZRANGEBYSCORE', key('wishing'), whole(now - a.kept_ms), '+inf', 'LIMIT', 0, a.limit)) do
  found[#found + 1] = {id, call('HGETALL', key('wishes', id))}
end
return {OK, found, whole(now - a.kept_ms)}
