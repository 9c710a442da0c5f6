-- Fragment: what every script shares; it stands in front of each of them, and ARGV 1 is the prefix in all.

local P = ARGV[1] .. ':'

-- The longest time that is meant by any number (a century): Redis refuses more than it can add to its clock.
local LONGEST = 3155760000
-- How long what was moved aside can be looked at.
local ASIDE = 2592000

-- Redis does not roll a script back, so none may break off after its first write. What stands under a key of RQ's and is of
-- another type is of no use to any client: it is moved aside, and the command does its work.
local function call(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  -- Any other error is raised as it is, by the same command, which has done nothing.
  if not reply.err:find('WRONGTYPE', 1, true) then return redis.call(command, key, ...) end
  local aside = P .. 'rqd:aside:' .. key
  redis.call('RENAME', key, aside)
  redis.call('EXPIRE', aside, ASIDE)
  redis.log(redis.LOG_WARNING, 'rqd: ' .. key .. ' is of no type that RQ can use; it was moved to ' .. aside)
  return redis.call(command, key, ...)
end

-- Leases are counted in the server's time, because the clocks of hosts differ.
local function server_seconds() return tonumber(redis.call('TIME')[1]) end

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

-- A field's number of seconds, or nothing when it holds none.
local function seconds(text)
  local number = type(text) == 'string' and text:match('^%s*[+-]?%d+%s*$') and tonumber(text)
  return number and math.max(-1, math.min(number, LONGEST))
end

local function kind(key) return redis.call('TYPE', key)['ok'] end

-- RQ: a hash without `data` counts as no job at all.
local function is_job(job)
  local key = job_key(job)
  return kind(key) == 'hash' and call('HEXISTS', key, 'data') == 1
end

-- Jobs whose dependents this script leaves for `release`.
local needed_dependents = {}

-- The three keys of a job live and die together, but for dependents that are still to be released.
local function expire_job(job, seconds)
  call('EXPIRE', job_key(job), seconds)
  if not needed_dependents[job] then call('EXPIRE', dependents_key(job), seconds) end
  call('EXPIRE', dependencies_key(job), seconds)
end

-- What waits lives as long as its `ttl` says, or until it is done: what is left of the time that an earlier end gave it is void.
local function let_wait(job, ttl)
  if (seconds(ttl) or 0) > 0 then return expire_job(job, seconds(ttl)) end
  for _, key in ipairs({ job_key(job), dependents_key(job), dependencies_key(job) }) do call('PERSIST', key) end
end

-- Which execution runs a job of ours, whose it is, and how far it came: `execution daemon claimed` or `execution daemon handed`.
-- It stands on the job, because it must outlast the execution's own keys: they end with the lease, which may happen in an outage.
local RUN = 'rqd_run'

local function forget_run(job, execution)
  if kind(job_key(job)) ~= 'hash' then return end
  local run = call('HGET', job_key(job), RUN)
  if run and run:sub(1, #execution + 1) == execution .. ' ' then call('HDEL', job_key(job), RUN) end
end

-- Everything that says "this execution is running" goes together: an execution without its hash makes Python clients raise.
local function end_execution(job, execution, queue, worker_executions)
  local member = job .. ':' .. execution
  forget_run(job, execution)
  call('DEL', execution_key(job, execution))
  call('ZREM', registry_key('wip', queue), member)
  call('ZREM', executions_key(job), execution)
  call('SREM', worker_executions, member)
end

-- The fence: does this execution still own the job? The second test serves members that a cleaner of RQ 1.16 removed.
local function holds(job, execution, queue, worker_name)
  if call('ZSCORE', registry_key('wip', queue), job .. ':' .. execution) then return true end
  local state = call('HMGET', job_key(job), 'status', 'worker_name')
  return state[1] == 'started' and state[2] == worker_name and call('ZSCORE', executions_key(job), execution)
end

-- A job that was canceled while it runs: that takes it from the started registry, or not (RQ 1.16), but its execution goes on.
local function is_canceled(job, execution, worker_name)
  if not is_job(job) then return false end
  local state = call('HMGET', job_key(job), 'status', 'worker_name')
  return state[1] == 'canceled' and state[2] == worker_name and call('ZSCORE', executions_key(job), execution)
end
