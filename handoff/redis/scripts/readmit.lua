--[[ readmit: somebody who had left is back; what they held stays where it is.
  a: agent_id
  returns {OK} · events: none ]]
call('SREM', key('departed'), a.agent_id)
return {OK}
