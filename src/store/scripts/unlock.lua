-- Gives a lock back, if it is still ours.
-- KEYS: 1 lock
-- ARGV: 1 prefix  2 what we wrote into it
-- Returns: {"unlocked"} | {"foreign"} (it ran out, and is another's now)

if call('GET', KEYS[1]) ~= ARGV[2] then return { 'foreign' } end
call('DEL', KEYS[1])
return { 'unlocked' }
