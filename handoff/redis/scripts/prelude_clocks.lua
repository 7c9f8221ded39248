-- Common part of the scripts that look at clocks: see prelude.lua, after which it is put.

-- A clock (answer:CASE or resolution:CASE) as {case_id, conversation_id, what, since_ms, stage, group, priority,
-- agent_id}, or nil when it does not run any more.
local function clock_row(member)
  local what, case_id = member:match('^(%a+):(.+)$')
  local case = load_case(case_id)
  if not case or not OPEN[case.state] then return nil end
  local row = {case_id, case.conversation_id, 'resolution', case.enqueued_ms, '0', case.group, case.priority,
    case.agent_id}
  if what == 'answer' then
    local owed = call('HMGET', key('conv', case.conversation_id), 'owed_ms', 'owed_first', 'owed_stage')
    if owed[1] == '0' then return nil end
    row[3], row[4], row[5] = owed[2] == '1' and 'first' or 'next', owed[1], owed[3] or '0'
  else
    row[5] = call('HGET', key('case', case_id), 'resolution_stage') or '0'
  end
  return row
end
