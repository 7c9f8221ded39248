--[[ late: clocks past their deadline that still run, the longest first.
  a: limit
  returns {OK, how many there are, {clock (see clock_row) and its deadline}…} · events: none ]]
local found = {OK, call('ZCARD', key('late'))}
local late = call('ZRANGE', key('late'), 0, a.limit - 1, 'WITHSCORES')
for i = 1, #late, 2 do
  local row = clock_row(late[i])
  if row then
    row[#row + 1] = late[i + 1]
    found[#found + 1] = row
  end
end
return found
