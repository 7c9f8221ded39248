--[[ save_record: one change of a customer, ticket or departure, if it still is as it was read.
  a: record {kind, id, rev, once, given, document, names, agents, left, standing, remarks, lines, conversation_id}
  returns {OK, 1 or 0 when it was there already} · STALE · REFUSED for the hands of an agent who has left
  events: record, entry for each line ]]
local new, why = record_check(a.record)
if why then return why end
if new then record_keep(a.record) end
return {OK, new and 1 or 0}
