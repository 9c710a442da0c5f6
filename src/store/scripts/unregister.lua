-- Ends a worker's registration; its hash stays readable for a minute.
-- KEYS: 1 worker  2 set of workers  3 worker's executions  4.. set of workers of each queue
-- ARGV: 1 prefix  2 identity of this worker  3 now (RQ's text form)
-- Returns: {"unregistered"} | {"foreign"} (the name belongs to another worker now; nothing was changed)

local worker, workers, worker_executions = KEYS[1], KEYS[2], KEYS[3]
local holder = call('HGET', worker, 'rqd_identity')

if call('EXISTS', worker) == 1 and holder ~= ARGV[2] then return { 'foreign' } end
call('SREM', workers, worker)
for i = 4, #KEYS do call('SREM', KEYS[i], worker) end
leave_executions(worker, worker_executions)
if holder then
  call('HSET', worker, 'death', ARGV[3])
  call('EXPIRE', worker, 60)
end
return { 'unregistered' }
