--[[ renew: the worker lives; what it has claimed becomes young again.
  a: worker
  returns {OK} · events: none ]]
local pending = call('XPENDING', key('turns'), 'workers', '-', '+', 100, a.worker)
if #pending > 0 then
  local ids = {}
  for _, one in ipairs(pending) do ids[#ids + 1] = one[1] end
  ids[#ids + 1] = 'JUSTID'
  call('XCLAIM', key('turns'), 'workers', a.worker, 0, unpack(ids))
end
return {OK}
