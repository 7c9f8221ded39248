--[[ begin_turn: what a ticket of the ready stream stands for. Turns whose epoch has passed are fenced here and never run.
  a: conversation_id, ticket
  returns {OK} when nothing is to be done (the ticket is then gone), or
          {OK, seq, epoch, bot_session, attempt, channel, case_state, outcome, vip (JSON), log entry}
  events: entry (fenced) ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation or conversation.inflight ~= a.ticket then
  call('XACK', key('turns'), 'workers', a.ticket)
  call('XDEL', key('turns'), a.ticket)
  return {OK}
end
while true do
  local head = call('LINDEX', key('queue', id), 0)
  if not head then
    call('XACK', key('turns'), 'workers', a.ticket)
    call('XDEL', key('turns'), a.ticket)
    call('HSET', key('conv', id), 'inflight', '', 'attempts', 0)
    return {OK}
  end
  local seq, epoch, session = head:match('^(%d+) (%d+) (%d+)$')
  if conversation.owner == 'bot' and conversation.epoch == epoch then
    local attempt = call('HINCRBY', key('conv', id), 'attempts', 1)
    local case = load_case(conversation.case_id)
    return {OK, seq, epoch, session, attempt, conversation.channel, case and case.state or 'none',
      conversation.outcome, call('HGET', key('profile', id), 'vip') or 'false',
      call('XRANGE', key('log', id), seq .. '-0', seq .. '-0')[1]}
  end
  append(id, {kind = 'fenced', author = 'bot', data = '{"about":' .. seq .. ',"turn_id":' .. json(id .. ':' .. seq)
    .. ',"texts":[]}'})
  call('LPOP', key('queue', id))
  call('HSET', key('conv', id), 'attempts', 0)
end
