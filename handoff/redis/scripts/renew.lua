--[[ renew: the worker still runs these turns; their claims become young again, unless another has taken them.
  a: worker, tickets (list)
  returns {OK} · events: none ]]
for _, ticket in ipairs(a.tickets) do
  if #call('XPENDING', key('turns'), 'workers', ticket, ticket, 1, a.worker) > 0 then
    call('XCLAIM', key('turns'), 'workers', a.worker, 0, ticket, 'JUSTID')
  end
end
return {OK}
