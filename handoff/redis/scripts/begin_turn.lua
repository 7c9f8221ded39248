--[[ begin_turn: what a ticket of the ready stream stands for. Turns whose epoch has passed are fenced here and never run.
  a: worker, ticket ('': one that this worker was given and never began)
  returns {OK} when nothing is to be done (the ticket is then gone), or {OK, ticket, conversation_id, seq, epoch,
          bot_session, attempt, channel, case_state, outcome, vip (JSON), log entry}
  events: entry (fenced) ]]
local ticket, id, conversation = a.ticket, '', nil

-- Fill in what the ticket stands for; false when it stands for nothing (any more).
local function look(name)
  local item = call('XRANGE', key('turns'), name, name)[1]
  ticket, id = name, item and item[2][2] or ''
  conversation = id ~= '' and load_conversation(id)
  return conversation and conversation.inflight == ticket
end

local function forget()
  call('XACK', key('turns'), 'workers', ticket)
  call('XDEL', key('turns'), ticket)
end

if ticket == '' then
  local from = '-'
  repeat
    local page = call('XPENDING', key('turns'), 'workers', from, '+', 100, a.worker)
    for _, one in ipairs(page) do
      if not look(one[1]) then
        forget()
      elseif conversation.attempts == '0' then
        break
      end
      ticket, from = '', '(' .. one[1]
    end
  until ticket ~= '' or #page < 100
  if ticket == '' then return {OK} end
elseif not look(ticket) then
  forget()
  return {OK}
end

while true do
  local head = call('LINDEX', key('queue', id), 0)
  if not head then
    forget()
    call('HSET', key('conv', id), 'inflight', '', 'attempts', 0)
    return {OK}
  end
  local seq, epoch, session = head:match('^(%d+) (%d+) (%d+)$')
  if conversation.owner == 'bot' and conversation.epoch == epoch then
    local attempt = call('HINCRBY', key('conv', id), 'attempts', 1)
    local case = load_case(conversation.case_id)
    return {OK, ticket, id, seq, epoch, session, attempt, conversation.channel, case and case.state or 'none',
      conversation.outcome, call('HGET', key('profile', id), 'vip') or 'false',
      call('XRANGE', key('log', id), seq .. '-0', seq .. '-0')[1]}
  end
  append(id, {kind = 'fenced', author = 'bot', data = '{"about":' .. seq .. ',"turn_id":' .. json(id .. ':' .. seq)
    .. ',"texts":[]}'})
  call('LPOP', key('queue', id))
  call('HSET', key('conv', id), 'attempts', 0)
end
