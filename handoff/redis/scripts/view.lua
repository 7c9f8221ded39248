--[[ view: the state of one conversation.
  a: conversation_id
  returns the view · NOT_FOUND · events: none ]]
if call('EXISTS', key('conv', a.conversation_id)) == 0 then return {NOT_FOUND, 'no such conversation'} end
return view(a.conversation_id)
