--[[ clock: the time by which everything here is measured.
  a: (none)
  returns {OK, now} · events: none ]]
return {OK, whole(now)}
