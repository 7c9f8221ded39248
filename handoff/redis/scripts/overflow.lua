--[[ overflow: a case has waited too long in its line: another line, an invitation, or just when to look again.
  a: case_id, step (rules done, as the caller read it), next_step, next_ms (when to look again, 0: never), to_group
     ('' stays), line ('' says nothing), why ('' is no more than a look)
  returns {OK, 1}, or {OK, 0} when the case does not wait any more or another process was faster
  events: entry, queue, conversation ]]
local case = load_case(a.case_id)
if not case or not in_line(case) then
  call('ZREM', key('overflow'), a.case_id)
  return {OK, 0}
end
if tonumber(case.overflow_step or '0') ~= a.step then return {OK, 0} end
local done = 0
if case.state == 'waiting' and a.why ~= '' then
  local changes = {overflow_step = a.next_step}
  if a.to_group ~= '' then changes.group = a.to_group end
  move(case, 'overflow', changes, a.why)
  notice(case, 'leave_message', a.line)
  done = 1
end
if a.next_ms > 0 then
  call('ZADD', key('overflow'), a.next_ms, a.case_id)
else
  call('ZREM', key('overflow'), a.case_id)
end
return {OK, done}
