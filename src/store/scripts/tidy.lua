-- Purges a queue's registries of what has expired, and its set of workers of those that are gone.
-- KEYS: 1 finished registry  2 failed registry  3 set of workers  4 set of the queue's workers
-- ARGV: 1 prefix
-- Derived: keys of the workers that the set names
-- Returns: {"tidied"}

local now = server_seconds()
call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
call('ZREMRANGEBYSCORE', KEYS[2], 0, now)
for _, worker in ipairs(call('SMEMBERS', KEYS[4])) do
  if call('EXISTS', worker) == 0 then
    call('SREM', KEYS[4], worker)
    call('SREM', KEYS[3], worker)
  end
end
return { 'tidied' }
