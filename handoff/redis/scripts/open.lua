--[[ open: create a conversation if it is new; merge the profile. What is new is handed in to the archive.
  a: conversation_id, channel, profile {field: JSON value}
  returns the view · events: none ]]
local id = a.conversation_id
local conv, profile = key('conv', id), key('profile', id)
local changed = call('EXISTS', conv) == 0
if changed then
  call('HSET', conv, 'conversation_id', id, 'channel', a.channel, 'owner', 'bot', 'epoch', 1,
    'bot_session', 1, 'seq', 0, 'case_id', '', 'agent_id', '', 'outcome', '', 'owed_ms', 0, 'inflight', '',
    'attempts', 0, 'last_text', '', 'last_author', '', 'last_agent', '', 'last_agent_ms', 0)
end
for field, value in pairs(a.profile) do
  if call('HGET', profile, field) ~= value then
    call('HSET', profile, field, value)
    changed = true
  end
end
if changed then
  local flat, fields = call('HGETALL', profile), {}
  for i = 1, #flat, 2 do fields[#fields + 1] = json(flat[i]) .. ':' .. flat[i + 1] end
  hand_in('conversation', id, '{"channel":' .. json(call('HGET', conv, 'channel')) .. ',"at_ms":' .. whole(now)
    .. ',"profile":{' .. table.concat(fields, ',') .. '}}')
end
return view(id)
