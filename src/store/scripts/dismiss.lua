-- Takes a worker that is dead out of the sets of workers, as it does itself when it ends; its hash stays readable for a minute.
-- KEYS: 1 worker  2 set of workers  3.. set of workers of each queue
-- ARGV: 1 prefix  2 its last sign of life, as the caller found it  3 now (RQ's text form)
-- Returns: {"dismissed"} | {"changed"} (it gave a sign of life since then: nothing was done)

local worker, workers = KEYS[1], KEYS[2]
local is_there = call('EXISTS', worker) == 1

if is_there and (call('HGET', worker, 'last_heartbeat') or '') ~= ARGV[2] then return { 'changed' } end
call('SREM', workers, worker)
for i = 3, #KEYS do call('SREM', KEYS[i], worker) end
if is_there then
  call('HSET', worker, 'death', ARGV[3])
  call('EXPIRE', worker, 60)
end
return { 'dismissed' }
