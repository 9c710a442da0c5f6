-- Closes an execution that RQ's own code in the horse has settled, and frees the worker.
-- KEYS: 1 worker  2 worker's executions
-- ARGV: 1 prefix  2 job  3 execution  4 origin  5 now (RQ's text form)
-- Derived: execution, executions of the job, started registry
-- Returns: {"closed"} | {"open"} (its outcome is not written yet: nothing done)

local worker, worker_executions = KEYS[1], KEYS[2]
local job, execution, origin, now = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- RQ writes an outcome and removes these two in one transaction.
if call('EXISTS', execution_key(job, execution)) == 1
  or call('ZSCORE', registry_key('wip', origin), job .. ':' .. execution) then
  return { 'open' }
end

-- What versions before 3.0 do not know of.
end_execution(job, execution, origin, worker_executions)
if call('EXISTS', worker) == 1 then
  call('HSET', worker, 'state', 'idle', 'last_heartbeat', now, 'rqd_settled', execution .. ' settled')
  call('HDEL', worker, 'current_job', 'current_job_working_time')
end
return { 'closed' }
