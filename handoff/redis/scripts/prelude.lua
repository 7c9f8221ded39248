--[[ Common part of every script, put before it when it is loaded.

  KEYS[1]  root of the tenant; every other key is derived from it (see keys.py)
  ARGV[1]  the time in ms, or '' for Redis TIME (tests move the clock)
  ARGV[2]  the named arguments as one JSON object, called `a` below; never null

  Every script returns {OK, …} or {code, detail}; codes are mapped to errors in scripts.py alone.
  TRANSITIONS is put in from lifecycle.py, so that both languages run the same table.
]]
local OK, NOT_FOUND, NOT_ALLOWED, STALE, REFUSED = 0, 1, 2, 3, 4
local TRANSITIONS = @TRANSITIONS@
local OPEN = {waiting = true, offered = true, active = true, wrap_up = true}
local call = redis.call
local root = KEYS[1]
local a = cjson.decode(ARGV[2])
local json = cjson.encode

local function key(kind, id, more)
  local name = root .. ':' .. kind
  if id then name = name .. ':' .. id end
  if more then name = name .. ':' .. more end
  return name
end

local now
if ARGV[1] ~= '' then
  now = tonumber(ARGV[1])
else
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

-- What HGETALL gave as a table, or nil when there was nothing.
local function unflat(flat)
  if #flat == 0 then return nil end
  local table_ = {}
  for i = 1, #flat, 2 do table_[flat[i]] = flat[i + 1] end
  return table_
end

local function load(name) return unflat(call('HGETALL', name)) end

local function load_conversation(id) return load(key('conv', id)) end
local function load_case(id)
  if not id or id == '' then return nil end
  return load(key('case', id))
end

local function whole(n) return string.format('%.0f', n) end

local function publish(kind, conversation_id, agent_id, data)
  call('PUBLISH', key('events'), '{"kind":"' .. kind .. '","conversation_id":' .. json(conversation_id)
    .. ',"agent_id":' .. json(agent_id) .. ',"data":' .. data .. '}')
end

-- Put one change on its way to the archive, in the same step as the change: `data` is its JSON text, in full.
local function hand_in(kind, conversation_id, data)
  call('XADD', key('outbox'), '*', 'kind', kind, 'conversation', conversation_id, 'data', data)
end

-- Append one entry {kind, author, text, key, author_id, data (JSON text)} to a log; returns its number.
local function append(id, entry)
  local seq = call('HINCRBY', key('conv', id), 'seq', 1)
  local fields = {'at', now, 'kind', entry.kind, 'author', entry.author}
  for _, name in ipairs({'text', 'key', 'author_id', 'data'}) do
    local value = entry[name]
    if value and value ~= '' then
      fields[#fields + 1] = name
      fields[#fields + 1] = value
    end
  end
  call('XADD', key('log', id), seq .. '-0', unpack(fields))
  if entry.kind == 'message' then
    call('HSET', key('conv', id), 'last_text', entry.short or entry.text, 'last_author', entry.author)
  end
  local document = '{"seq":' .. seq .. ',"at_ms":' .. whole(now) .. ',"kind":"' .. entry.kind
    .. '","author":"' .. entry.author .. '","text":' .. json(entry.text or '') .. ',"key":' .. json(entry.key or '')
    .. ',"author_id":' .. json(entry.author_id or '') .. ',"data":'
    .. ((entry.data and entry.data ~= '') and entry.data or '{}') .. '}'
  publish('entry', id, '', document)
  hand_in('entry', id, document)
  return seq
end

-- Whether somebody has left for good: an open page of theirs may not know it yet.
local function departed(agent_id) return call('SISMEMBER', key('departed'), agent_id) == 1 end
local function gone() return {NOT_ALLOWED, 'this agent has left'} end

local function can(case, verb) return TRANSITIONS[case.state][verb] ~= nil end
local function refusal(case, verb)
  return {REFUSED, 'the case is ' .. case.state .. '; ' .. verb .. ' is not possible now'}
end

-- {group, level} for each group of an agent, from the two fields of their hash; without levels it is 1 in each.
local LEVELS = 5 -- as in config/groups.py
local function skills_of(groups, levels)
  local found, next_level = {}, (levels or ''):gmatch('%S+')
  for group in groups:gmatch('%S+') do found[#found + 1] = {group, next_level() or '1'} end
  return found
end

-- How an agent stands to routing: {ready, free, idle_ms, groups, levels}, or nil when there is no such agent. Asked
-- several times a step, so only what is needed is read.
local function standing(id)
  local known = call('HMGET', key('agent', id), 'status', 'away', 'gone', 'cap', 'idle_ms', 'groups', 'levels')
  if not known[1] then return nil end
  local ready = known[1] == 'ready' and known[2] == '0' and known[3] == '0' and not departed(id)
  local free = ready and call('SCARD', key('held', id)) < tonumber(known[4])
  return {ready = ready, free = free, idle_ms = known[5], groups = known[6], levels = known[7]}
end

-- Put an agent into, or out of, the sets of those who are ready and of those who are free.
local function refresh(id)
  local agent = standing(id)
  if not agent then return end
  for _, skill in ipairs(skills_of(agent.groups, agent.levels)) do
    local ready, free = key('ready', skill[2], skill[1]), key('free', skill[2], skill[1])
    if agent.ready then call('ZADD', ready, agent.idle_ms, id) else call('ZREM', ready, id) end
    if agent.free then call('ZADD', free, agent.idle_ms, id) else call('ZREM', free, id) end
  end
end

local function is_free(id)
  local agent = standing(id)
  return agent and agent.free
end

-- A case came to or left this agent just now: they are the least idle of all.
local function freed(id)
  if id ~= '' and call('EXISTS', key('agent', id)) == 1 then
    call('HSET', key('agent', id), 'idle_ms', now)
    refresh(id)
  end
end

local function position(case)
  local rank = call('ZRANK', key('line', case.group), case.case_id)
  return rank and rank + 1 or 0
end

local function log_case(case, verb, why, concerned)
  local agent_id = case.offered_to
  if agent_id == '' then agent_id = case.agent_id end
  if agent_id == '' then agent_id = concerned or '' end
  append(case.conversation_id, {kind = 'case', author = 'system', data = '{"case_id":' .. json(case.case_id)
    .. ',"state":"' .. case.state .. '","verb":"' .. verb .. '","reason":"' .. case.reason
    .. '","agent_id":' .. json(agent_id) .. ',"why":' .. json(why or '') .. '}'})
  publish('queue', case.conversation_id, agent_id,
    '{"case_id":' .. json(case.case_id) .. ',"state":"' .. case.state .. '"}')
  publish('conversation', case.conversation_id, agent_id, '{}')
end

-- Where a case stands in its line, as a score: milliseconds, and behind the point who was first in the same one.
local TIES = 4096 -- as fine as a double is at this size
local function place(case) return string.format('%.17g', case.order_ms + case.order_tie / TIES) end

-- A person owes an answer from now on, the first of the case or a next one: its clock runs. `stop_clock` stops one.
local function owe(conversation_id, case_id, first)
  call('HSET', key('conv', conversation_id), 'owed_ms', now, 'owed_first', first and 1 or 0, 'owed_stage', 0)
  call('ZADD', key('clocks'), now, 'answer:' .. case_id)
  call('ZREM', key('late'), 'answer:' .. case_id)
end
local function stop_clock(what, case_id)
  call('ZREM', key('clocks'), what .. ':' .. case_id)
  call('ZREM', key('late'), what .. ':' .. case_id)
end

-- Whether a case waits in its line for somebody to take it, and whether agents hold it.
local function in_line(case) return case.state == 'waiting' or (case.state == 'offered' and case.agent_id == '') end
local function is_held(case) return OPEN[case.state] and (case.agent_id ~= '' or case.offered_to ~= '') end

-- Bring the sorted sets and loads in line with the case; `before` is the case as it was.
local function index(case, before)
  local id = case.case_id
  if before.group and before.group ~= case.group then
    call('ZREM', key('waiting', before.group), id)
    call('ZREM', key('line', before.group), id)
  end
  if case.state == 'waiting' then
    call('SADD', key('groups'), case.group)
    call('ZADD', key('waiting', case.group), place(case), id)
  else
    call('ZREM', key('waiting', case.group), id)
  end
  if in_line(case) then
    call('ZADD', key('line', case.group), place(case), id)
    -- Back in a line, or in another one: the rules of overflow are looked at anew.
    if not in_line(before) or before.group ~= case.group then call('ZADD', key('overflow'), now, id) end
  else
    call('ZREM', key('line', case.group), id)
    call('ZREM', key('overflow'), id)
  end
  if before.group ~= case.group then call('SREM', key('busy', before.group), id) end
  call(is_held(case) and 'SADD' or 'SREM', key('busy', case.group), id)
  if OPEN[case.state] and case.agent_id ~= '' then
    call('ZADD', key('active'), case.accepted_ms, id)
  else
    call('ZREM', key('active'), id)
  end
  if case.state == 'message_left' then
    call('ZADD', key('messages'), case.closed_ms, id)
  else
    call('ZREM', key('messages'), id)
  end
  if case.state == 'offered' then
    call('ZADD', key('offers'), case.offer_deadline_ms, id)
  else
    call('ZREM', key('offers'), id)
  end
  local seen = {['' ] = true}
  for _, agent in ipairs({before.offered_to or '', before.agent_id or '', case.offered_to, case.agent_id}) do
    if not seen[agent] then
      seen[agent] = true
      if OPEN[case.state] and (agent == case.offered_to or agent == case.agent_id) then
        call('SADD', key('held', agent), id)
      else
        call('SREM', key('held', agent), id)
      end
      refresh(agent)
    end
  end
end

-- Store changed fields of a case (in the table too), bring the indices in line and hand it in as it is now.
local function update(case, changes)
  local before = {state = case.state, group = case.group, offered_to = case.offered_to, agent_id = case.agent_id}
  if changes.group and changes.group ~= case.group then
    changes.joined_ms, changes.overflow_step = now, 0
  end
  local flat = {}
  for name, value in pairs(changes) do
    if type(value) == 'number' then value = whole(value) end
    case[name] = value
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  call('HSET', key('case', case.case_id), unpack(flat))
  index(case, before)
  hand_in('case', case.conversation_id, json(case))
end

-- The wait of somebody whom no agent has had yet has ended: with an agent, or because they left.
local WAITS = 100
local function wait_ended(case, state)
  local name = key('waited', case.group)
  call('LPUSH', name, whole(now - case.enqueued_ms) .. (state == 'active' and '' or ' left'))
  call('LTRIM', name, 0, WAITS - 1)
end

-- Take one row of the table (the caller has asked `can`), log it and tell the relays.
local function move(case, verb, changes, why)
  local concerned = case.offered_to ~= '' and case.offered_to or case.agent_id
  local not_yet = case.accepted_ms == '0' and OPEN[case.state]
  changes.state = TRANSITIONS[case.state][verb]
  if changes.state ~= 'offered' then
    changes.offered_to = ''
    changes.offer_deadline_ms = 0
  end
  update(case, changes)
  if not_yet and case.state ~= 'waiting' and case.state ~= 'offered' then wait_ended(case, case.state) end
  local conv = key('conv', case.conversation_id)
  if not OPEN[case.state] and call('HGET', conv, 'case_id') == case.case_id then
    call('HSET', conv, 'case_id', '', 'owed_ms', 0)
    stop_clock('answer', case.case_id)
    stop_clock('resolution', case.case_id)
  end
  log_case(case, verb, why, concerned)
end

-- A line for the customer, with {position} and {agent} put in.
local function notice(case, name, line, agent)
  if line == '' then return end
  local text = line:gsub('{position}', function() return tostring(position(case)) end)
  text = text:gsub('{agent}', function() return agent or '' end)
  local card = ''
  if name == 'waiting' and case.problem ~= '' then
    card = ',"card":{"problem":' .. json(case.problem) .. ',"seq":' .. case.problem_seq .. '}'
  end
  append(case.conversation_id, {kind = 'message', author = 'system', text = text,
    data = '{"kind":"notice","notice":"' .. name .. '","case_id":' .. json(case.case_id) .. card .. '}'})
end

-- Change the owner: the epoch rises.
local function own(conversation_id, owner, agent_id)
  call('HSET', key('conv', conversation_id), 'owner', owner, 'agent_id', agent_id)
  call('HINCRBY', key('conv', conversation_id), 'epoch', 1)
end

-- Close a case for good: the bot owns again, with a new session that knows the outcome.
local function finish(case, verb, outcome_reason, outcome)
  local holder, id = case.agent_id, case.conversation_id
  own(id, 'bot', '')
  call('HINCRBY', key('conv', id), 'bot_session', 1)
  call('HSET', key('conv', id), 'outcome', outcome_reason)
  move(case, verb, {closed_ms = now, outcome = outcome})
  if verb == 'resolve' then
    call('HSET', key('conv', id), 'last_agent', holder, 'last_agent_ms', now)
    call('LPUSH', key('handled', case.group), whole(now - case.accepted_ms))
    call('LTRIM', key('handled', case.group), 0, 49)
  end
  freed(holder)
end

-- Open a case from {case_id, reason, evidence, priority, head_start_ms, group, problem, problem_seq, sticky_ms, owner,
-- overflow_ms, line}.
local function enqueue(conversation_id, new)
  local known = load_conversation(conversation_id)
  local seq = tonumber(known.seq)
  local preferred = now - known.last_agent_ms <= new.sticky_ms and known.last_agent or ''
  if new.owner ~= '' and not departed(new.owner) then preferred = new.owner end
  if departed(preferred) then preferred = '' end
  -- Who comes in the same millisecond stands behind, not where the case's id happens to sort.
  local order = now - new.head_start_ms
  local before = call('ZREVRANGEBYSCORE', key('line', new.group), '(' .. whole(order + 1), whole(order), 'WITHSCORES',
    'LIMIT', 0, 1)[2]
  local tie = before and math.min((before - order) * TIES + 1, TIES - 1) or 0
  local case = {
    case_id = new.case_id, conversation_id = conversation_id, state = 'waiting', reason = new.reason,
    evidence = new.evidence, priority = whole(new.priority), group = new.group, enqueued_ms = whole(now),
    order_ms = whole(order), order_tie = whole(tie), offered_to = '', offer_deadline_ms = '0', agent_id = '',
    attempts = '0', excluded = '', released_ms = '0', opened_seq = whole(seq + 1), accepted_ms = '0', closed_ms = '0',
    problem = new.problem, problem_seq = whole(new.problem_seq), preferred = preferred, note = '', outcome = '{}',
    joined_ms = whole(now), overflow_step = '0',
  }
  update(case, case)
  if new.overflow_ms > 0 then call('ZADD', key('overflow'), now + new.overflow_ms, case.case_id) end
  call('RPUSH', key('history', conversation_id), case.case_id)
  call('HSET', key('conv', conversation_id), 'case_id', case.case_id)
  owe(conversation_id, case.case_id, true)
  call('ZADD', key('clocks'), now, 'resolution:' .. case.case_id)
  log_case(case, 'open', '')
  notice(case, 'waiting', new.line)
  return case
end

-- `excluded` with this agent as the latest.
local function without(case, agent_id)
  local kept = {}
  for one in case.excluded:gmatch('%S+') do
    if one ~= agent_id then kept[#kept + 1] = one end
  end
  kept[#kept + 1] = agent_id
  return table.concat(kept, ' ')
end

-- Where a case waits that is left to an heir {agent, group}: changes for `move`.
local function left_to(case, heir, changes)
  if heir.agent ~= '' then
    local groups = call('HGET', key('agent', heir.agent), 'groups') or case.group
    changes.preferred = heir.agent
    if not (' ' .. groups .. ' '):find(' ' .. case.group .. ' ', 1, true) then changes.group = groups:match('%S+') end
  elseif heir.group ~= '' then
    changes.group = heir.group
  end
  return changes
end

-- The agent is gone: whatever they hold goes back, and what waits again goes to the heir. Returns the case ids.
local function lose_cases(agent_id, line, heir)
  local held = call('SMEMBERS', key('held', agent_id))
  table.sort(held)
  for _, id in ipairs(held) do
    local case = load_case(id)
    local changes = {excluded = without(case, agent_id), released_ms = now}
    if case.state == 'wrap_up' then
      finish(case, 'lose', 'agent_lost', '{"reason":"agent_lost"}')
    elseif case.state == 'active' then
      own(case.conversation_id, 'bot', '')
      changes.agent_id = ''
      move(case, 'lose', left_to(case, heir, changes))
      notice(case, 'lost', line)
    elseif case.offered_to == agent_id and case.agent_id ~= '' then
      move(case, 'hand_back', changes, 'lose')
    elseif case.offered_to == agent_id then
      move(case, 'lose', left_to(case, heir, changes))
    else -- they were handing it over: the offer to the colleague stands, the conversation is the bot's meanwhile
      own(case.conversation_id, 'bot', '')
      update(case, {agent_id = '', excluded = changes.excluded})
      notice(case, 'lost', line)
      publish('conversation', case.conversation_id, '', '{}')
    end
  end
  return held
end

-- {conversation hash, profile hash, case state, agent's display, position}, flat, for ConversationView.
local function view(id)
  local conversation = call('HGETALL', key('conv', id))
  local known = unflat(conversation)
  local case = load_case(known.case_id)
  local agent = known.agent_id ~= '' and call('HGET', key('agent', known.agent_id), 'display') or ''
  return {OK, conversation, call('HGETALL', key('profile', id)), case and case.state or 'none', agent or '',
    case and position(case) or 0}
end
