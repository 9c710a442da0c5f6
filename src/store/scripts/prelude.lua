-- Fragment: what every script shares; it stands in front of each of them, and ARGV 1 is the prefix in all.

local P = ARGV[1] .. ':'

-- Leases are counted in the server's time, because the clocks of hosts differ.
local function server_seconds()
  return tonumber(redis.call('TIME')[1])
end

local function queue_key(queue) return P .. 'queue:' .. queue end
local function job_key(job) return P .. 'job:' .. job end
local function dependents_key(job) return P .. 'job:' .. job .. ':dependents' end
-- RQ: the doubled colon is in every released version; other clients read this key.
local function dependencies_key(job) return P .. 'job::' .. job .. ':dependencies' end
local function results_key(job) return P .. 'results:' .. job end
local function execution_key(job, execution) return P .. 'execution:' .. job .. ':' .. execution end
local function executions_key(job) return P .. 'executions:' .. job end
local function registry_key(registry, queue) return P .. registry .. ':' .. queue end
local function intermediate_key(queue) return P .. 'queue:' .. queue .. ':intermediate' end

local function kind(key) return redis.call('TYPE', key)['ok'] end

-- RQ: a hash without `data` counts as no job at all.
local function is_job(job)
  local key = job_key(job)
  return kind(key) == 'hash' and redis.call('HEXISTS', key, 'data') == 1
end

-- The three keys of a job live and die together.
local function expire_job(job, seconds)
  redis.call('EXPIRE', job_key(job), seconds)
  redis.call('EXPIRE', dependents_key(job), seconds)
  redis.call('EXPIRE', dependencies_key(job), seconds)
end

-- Which execution runs a job of ours, whose it is, and how far it came: `execution daemon claimed` or `execution daemon began`.
-- It stands on the job, because it must outlast the execution's own keys: they end with the lease, which may happen in an outage.
local RUN = 'rqd_run'

local function forget_run(job, execution)
  local run = redis.call('HGET', job_key(job), RUN)
  if run and run:sub(1, #execution + 1) == execution .. ' ' then redis.call('HDEL', job_key(job), RUN) end
end

local function alive_key(daemon) return P .. 'rqd:alive:' .. daemon end

-- Everything that says "this execution is running" goes together: an execution without its hash makes Python clients raise.
local function end_execution(job, execution, queue, worker_executions)
  local member = job .. ':' .. execution
  if kind(job_key(job)) == 'hash' then forget_run(job, execution) end
  redis.call('DEL', execution_key(job, execution))
  redis.call('ZREM', registry_key('wip', queue), member)
  redis.call('ZREM', executions_key(job), execution)
  redis.call('SREM', worker_executions, member)
end

-- Ids that a wait moved to an intermediate list return to the head of their queue, if nobody else took them meanwhile.
local function put_back(queue, job)
  if redis.call('LREM', intermediate_key(queue), 1, job) > 0 then
    redis.call('LPUSH', queue_key(queue), job)
    -- RQ: its cleaner's mark lives for a day, and would have it fail the job at once when the id surfaces there again.
    redis.call('DEL', intermediate_key(queue) .. ':first_seen:' .. job)
  end
end

-- The fence: does this execution still own the job? The second test serves members that a cleaner of RQ 1.16 removed.
local function holds(job, execution, queue, worker_name)
  if redis.call('ZSCORE', registry_key('wip', queue), job .. ':' .. execution) then return true end
  local state = redis.call('HMGET', job_key(job), 'status', 'worker_name')
  return state[1] == 'started' and state[2] == worker_name and redis.call('ZSCORE', executions_key(job), execution)
end
