--[[ glance: one line about each conversation.
  a: ids (list)
  returns {OK, {id, last_text, last_author, seq, owed_ms, epoch, name (JSON), owed_first}…}; unknown ones are left out · events: none ]]
local found = {OK}
for _, id in ipairs(a.ids) do
  local known = load_conversation(id)
  if known then
    found[#found + 1] = {id, known.last_text, known.last_author, known.seq, known.owed_ms, known.epoch,
      call('HGET', key('profile', id), 'name') or '""', known.owed_first or '0'}
  end
end
return found
