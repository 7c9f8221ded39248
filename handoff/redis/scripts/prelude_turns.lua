-- Common part of the scripts that run turns: see prelude.lua, after which it is put.

-- The conversation's next turn may run: give it an entry in the ready stream.
local function release_turn(id)
  local ticket = call('XADD', key('turns'), '*', 'conversation', id)
  call('HSET', key('conv', id), 'inflight', ticket, 'attempts', 0)
end

-- The head turn is done: acknowledge its ticket, and let the next one be claimed.
local function pop_turn(id, ticket)
  call('LPOP', key('queue', id))
  call('XACK', key('turns'), 'workers', ticket)
  call('XDEL', key('turns'), ticket)
  if call('LLEN', key('queue', id)) > 0 then
    release_turn(id)
  else
    call('HSET', key('conv', id), 'inflight', '', 'attempts', 0)
  end
end
