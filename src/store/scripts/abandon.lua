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

local failed = { 'abandoned' }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', wip, 0, server_seconds(), 'LIMIT', 0, ARGV[5])) do
  local job, execution = split(member)
  redis.call('ZREM', wip, member)
  local worker_name = ''
  if execution then
    worker_name = redis.call('HGET', execution_key(job, execution), 'worker_name') or ''
    end_execution(job, execution, queue, P .. 'worker:' .. worker_name .. ':executions')
  end
  if is_job(job) and redis.call('HGET', job_key(job), 'status') == 'started' then
    redis.call('HSET', job_key(job), 'status', 'failed', 'ended_at', now)
    local result = { 'type', '2', 'worker_name', '', 'exc_string', ARGV[4] }
    if execution then
      result[#result + 1] = 'execution_id'
      result[#result + 1] = execution
    end
    fail_job(job, queue, result, 'failed', now)
    failed[#failed + 1] = job
  end
end
return failed
