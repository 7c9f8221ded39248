--[[ open: create a conversation if it is new; merge the profile.
  a: conversation_id, channel, profile {field: JSON value}
  returns the view · events: none ]]
local conv = key('conv', a.conversation_id)
if call('EXISTS', conv) == 0 then
  call('HSET', conv, 'conversation_id', a.conversation_id, 'channel', a.channel, 'owner', 'bot', 'epoch', 1,
    'bot_session', 1, 'seq', 0, 'case_id', '', 'agent_id', '', 'outcome', '', 'owed_ms', 0, 'inflight', '',
    'attempts', 0, 'last_text', '', 'last_author', '', 'last_agent', '', 'last_agent_ms', 0)
end
for field, value in pairs(a.profile) do
  call('HSET', key('profile', a.conversation_id), field, value)
end
return view(a.conversation_id)
