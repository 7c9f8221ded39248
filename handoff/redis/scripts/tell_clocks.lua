--[[ tell_clocks: what clocks have come to, each told once: a warning, then a breach; and when to look at them again.
  a: looks [{case_id, what (first|next|resolution), since_ms, stage (as the caller read it), next_stage (0 running,
     1 warned, 2 breached), due_ms, next_ms (0: never)}]
  returns {OK, 0 or 1 for each, 1 when this call told of it}; nothing for a clock that has stopped or been started anew
  events: sla ]]
local found = {OK}
for i, one in ipairs(a.looks) do
  local kind = one.what == 'resolution' and 'resolution' or 'answer'
  local member = kind .. ':' .. one.case_id
  local row = clock_row(member)
  found[i + 1] = 0
  if not row then
    stop_clock(kind, one.case_id)
  elseif row[3] == one.what and tonumber(row[4]) == one.since_ms and tonumber(row[5]) == one.stage then
    if one.next_ms > 0 then
      call('ZADD', key('clocks'), one.next_ms, member)
    else
      call('ZREM', key('clocks'), member)
    end
    if one.next_stage > one.stage then
      if kind == 'answer' then
        call('HSET', key('conv', row[2]), 'owed_stage', one.next_stage)
      else
        call('HSET', key('case', one.case_id), 'resolution_stage', one.next_stage)
      end
      if one.next_stage == 2 then call('ZADD', key('late'), one.due_ms, member) end
      publish('sla', row[2], row[8], '{"case_id":' .. json(one.case_id) .. ',"what":"' .. one.what .. '","stage":"'
        .. (one.next_stage == 2 and 'breached' or 'warned') .. '","since_ms":' .. whole(one.since_ms) .. ',"due_ms":'
        .. whole(one.due_ms) .. ',"group":' .. json(row[6]) .. '}')
      found[i + 1] = 1
    end
  end
end
return found
