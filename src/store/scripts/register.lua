-- Registers a worker, or registers it anew after its key was lost; a name is taken over only from the holder that the caller names.
-- KEYS: 1 worker  2 set of workers  3 worker's executions  4.. set of workers of each queue
-- ARGV: 1 prefix  2 identity of this worker  3 identity of the holder that is known to be dead, or ""  4 lifetime in seconds
--       5.. pairs of field and value, the state last (`started` at birth)
-- Returns: {"registered"} | {"taken", identity of the holder or ""}

local worker, workers, worker_executions = KEYS[1], KEYS[2], KEYS[3]
local identity, dead, lifetime = ARGV[2], ARGV[3], ARGV[4]

if call('EXISTS', worker) == 1 and call('HEXISTS', worker, 'death') == 0 then
  local holder = call('HGET', worker, 'rqd_identity') or ''
  -- A hash without a birth is what a late heartbeat of a Python worker leaves behind: nobody holds it.
  local held = call('HEXISTS', worker, 'birth') == 1
  if held and holder ~= identity and (dead == '' or holder ~= dead) then return { 'taken', holder } end
  if holder == identity then lifetime = math.max(lifetime, call('TTL', worker)) end
end

local kept = call('HGET', worker, 'rqd_identity') == identity
-- What the name's last holder had in hand is not ours. A worker that registers anew keeps its own.
if ARGV[#ARGV] == 'started' then leave_executions(worker, worker_executions) end
if kept then call('HDEL', worker, 'death') else call('DEL', worker) end
call('HSET', worker, 'rqd_identity', identity, unpack(ARGV, 5))
call('EXPIRE', worker, lifetime)
call('SADD', workers, worker)
for i = 4, #KEYS do call('SADD', KEYS[i], worker) end
return { 'registered' }
