-- Goes on with releasing the dependents of jobs that had more of them than one call takes.
-- KEYS: 1 record of what is left
-- ARGV: 1 prefix  2 now (RQ's text form)
-- Derived: dependents of the recorded jobs, their own keys and queues
-- Returns: {"done"} (nothing is left) | {"more"}

local left = call('HSCAN', KEYS[1], '0', 'COUNT', 1)
local parent, state = left[2][1], left[2][2]
if not parent then return { left[1] == '0' and 'done' or 'more' } end

local outcome, cursor = state:match('^(%l+) (%d+)$')
if not cursor then
  call('HDEL', KEYS[1], parent)
elseif release_dependents(parent, outcome, ARGV[2], cursor) and not is_job(parent) then
  call('DEL', dependents_key(parent))
end
return { call('HLEN', KEYS[1]) > 0 and 'more' or 'done' }
