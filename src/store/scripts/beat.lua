-- Renews a worker's life sign and the leases of what it runs, and lists the worker where a cleaner's mistake struck it out.
-- KEYS: 1 worker  2 set of workers  3 worker's executions  4.. set of workers of each queue
-- ARGV: 1 prefix  2 now (RQ's text form)  3 now (Unix seconds, float)  4 lifetime of the worker key in seconds
--       5 lease in seconds  6 state, or "" to leave it  7 worker name  8.. job, execution, origin and working time of each
-- Derived: job, execution, executions of the job, started registry
-- Returns: {"beaten", suspended (1 or 0), lost execution ...} | {"unregistered"} (nothing was renewed)

local worker, workers, worker_executions = KEYS[1], KEYS[2], KEYS[3]
local now, now_float, lifetime, lease, state, name = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]

if call('EXISTS', worker) == 0 or call('HEXISTS', worker, 'death') == 1 then return { 'unregistered' } end

local reply = { 'beaten', call('EXISTS', P .. 'suspended') }
call('HSET', worker, 'last_heartbeat', now)
if state ~= '' then call('HSET', worker, 'state', state) end
if state == 'idle' then call('HDEL', worker, 'current_job', 'current_job_working_time') end
call('EXPIRE', worker, lifetime)
call('EXPIRE', worker_executions, lifetime)
-- RQ: a client looks for the hash first and strikes out later; a worker that registered anew in between would stay unlisted.
call('SADD', workers, worker)
for i = 4, #KEYS do call('SADD', KEYS[i], worker) end

for i = 8, #ARGV, 4 do
  local job, execution, origin, worked = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local wip, member = registry_key('wip', origin), job .. ':' .. execution
  local canceled = is_canceled(job, execution, name)
  if canceled or (holds(job, execution, origin, name) and is_job(job)) then
    local ends = server_seconds() + lease
    call('HSET', execution_key(job, execution), 'id', execution, 'job_id', job, 'last_heartbeat', now_float,
      'worker_name', name)
    call('HSETNX', execution_key(job, execution), 'created_at', now_float)
    call('EXPIRE', execution_key(job, execution), lease + 60)
    -- A canceled job is listed as that alone.
    if canceled then call('ZREM', wip, member) else call('ZADD', wip, ends, member) end
    call('ZADD', executions_key(job), ends + 60, execution)
    call('EXPIRE', executions_key(job), lease + 60)
    call('SADD', worker_executions, member)
    call('EXPIRE', worker_executions, lease + 60)
    call('HSET', job_key(job), 'last_heartbeat', now)
    call('HSET', worker, 'current_job', job, 'current_job_working_time', worked)
  else
    reply[#reply + 1] = execution
  end
end
return reply
