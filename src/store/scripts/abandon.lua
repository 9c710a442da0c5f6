-- Fails the jobs of one queue whose leases have ended: their worker is gone without a word.
-- KEYS: 1 started registry of the queue
-- ARGV: 1 prefix  2 queue  3 now (RQ's text form)  4 text of the failure (base64 of zlib)  5 most jobs at once
-- Derived: jobs, their dependents, results, executions and registries
-- Returns: {"abandoned", failed job ...}

local wip, queue, now = KEYS[1], ARGV[2], ARGV[3]

-- RQ: before 2.0 a member was the bare id.
local function split(member)
  local job, execution = member:match('^([^:]*):([^:]*)$')
  return job or member, execution
end

-- A job that was enqueued anew while its first run was not yet given up: its second run is not to be failed.
local function runs_again(job)
  for _, execution in ipairs(call('ZRANGE', executions_key(job), 0, -1)) do
    local ends = call('ZSCORE', wip, job .. ':' .. execution)
    if ends and tonumber(ends) > server_seconds() then return true end
  end
end

local failed = { 'abandoned' }
for _, member in ipairs(call('ZRANGEBYSCORE', wip, 0, server_seconds(), 'LIMIT', 0, ARGV[5])) do
  local job, execution = split(member)
  call('ZREM', wip, member)
  local worker_name = ''
  if execution then
    worker_name = call('HGET', execution_key(job, execution), 'worker_name') or ''
    end_execution(job, execution, queue, P .. 'worker:' .. worker_name .. ':executions')
  end
  if is_job(job) and call('HGET', job_key(job), 'status') == 'started' and not runs_again(job) then
    call('HSET', job_key(job), 'ended_at', now)
    local result = { 'type', '2', 'worker_name', '', 'exc_string', ARGV[4] }
    if execution then
      result[#result + 1] = 'execution_id'
      result[#result + 1] = execution
    end
    and_free_its_slot(job, now, function() fail_job(job, queue, result, 'failed', now) end)
    failed[#failed + 1] = job
  end
end
return failed
