-- Ends a worker's registration; its hash stays readable for a minute.
-- KEYS: 1 worker  2 set of workers  3 worker's executions  4.. set of workers of each queue
-- ARGV: 1 prefix  2 identity of this worker  3 now (RQ's text form)
-- Returns: {"unregistered"} | {"foreign"} (the name belongs to another worker now; nothing was changed)

local worker, workers, worker_executions = KEYS[1], KEYS[2], KEYS[3]
local holder = redis.call('HGET', worker, 'rqd_identity')

if redis.call('EXISTS', worker) == 1 and holder ~= ARGV[2] then return { 'foreign' } end
redis.call('SREM', workers, worker)
for i = 4, #KEYS do redis.call('SREM', KEYS[i], worker) end
redis.call('DEL', worker_executions)
if holder then
  redis.call('HSET', worker, 'death', ARGV[3])
  redis.call('EXPIRE', worker, 60)
end
return { 'unregistered' }
