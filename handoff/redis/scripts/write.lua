--[[ write: log something that changes no owner (feedback, note), once a key.
  a: conversation_id, key, kind, author, author_id, text, data (JSON), key_ttl_ms, correct_problem (bool),
     ticket (a record that is changed in the same step, or false)
  returns {OK, the log entry} · NOT_FOUND · STALE, REFUSED as in save_record
  events: entry; with correct_problem also queue ]]
local id = a.conversation_id
local conversation = load_conversation(id)
if not conversation then return {NOT_FOUND, 'no such conversation'} end
local idem = key('idem', id, 'w:' .. a.key)
local seq = call('GET', idem)
if not seq then
  local new, why = false, nil
  if a.ticket then new, why = record_check(a.ticket) end
  if why then return why end
  seq = append(id, {kind = a.kind, author = a.author, author_id = a.author_id, text = a.text, key = a.key,
    data = a.data})
  local case = load_case(conversation.case_id)
  if a.correct_problem and case then
    update(case, {problem = a.text, problem_seq = seq})
    publish('queue', id, case.agent_id ~= '' and case.agent_id or case.offered_to,
      '{"case_id":' .. json(case.case_id) .. '}')
  end
  call('SET', idem, seq, 'PX', a.key_ttl_ms)
  if new then record_keep(a.ticket) end
end
return {OK, call('XRANGE', key('log', id), seq .. '-0', seq .. '-0')[1]}
