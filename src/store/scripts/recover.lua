-- Ends an execution whose worker is gone, as the caller decided, unless anything about it changed since the caller looked.
-- KEYS: 1 started registry of the queue
-- ARGV: 1 prefix  2 queue  3 member of the registry  4 job  5 execution, or ""  6 now (RQ's text form)
--       7 what the caller found: the job's status, or ""  8 its `rqd_run`, or ""
--       9 what shows that the worker is gone: "lease", "silence" (of its daemon) or "death"  10 daemon, or ""
--       11 plan as JSON  12.. fields of the result entry, in pairs
-- Plan: {"become": "failed"} | {"become": "retried", "delay", "at_front"} | {"become": "put_back"} | {"become": "mended"};
--       each with "failures" (see the fragment of that name) "fields" (pairs for the job hash) and "webhooks" (to note, or absent).
--       Mended: a job that is not started; it is put back if it is nowhere
-- Derived: the job, its dependents, results, executions and registries; the life sign of the daemon
-- Returns: {"recovered", "" or "more" (dependents are left for `release`)} | {"taken"} (it changed, or somebody else did it: nothing was done)
--          | {"alive"} (the lease of a living daemon: it was renewed; or another worker keeps its execution) | {"elsewhere"} (another execution runs the job)

local wip, queue, member, job, execution, now = KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local status, run, proof, daemon, plan = ARGV[7], ARGV[8], ARGV[9], ARGV[10], cjson.decode(ARGV[11])
failures = plan.failures or failures
-- How long a living daemon has to renew the lease by itself; the half marks a reprieve, so that there is no second one: a daemon
-- that lives and does not renew it does not run the job.
local REPRIEVE = 60.5

local function lives_elsewhere()
  for _, other in ipairs(call('ZRANGE', executions_key(job), 0, 99)) do
    local ends = other ~= execution and call('ZSCORE', wip, job .. ':' .. other)
    if ends and tonumber(ends) > server_seconds() then return true end
  end
  return false
end

-- RQ: a job that was claimed and not started yet, or was to be retried later, loses its only entry here.
local function is_nowhere()
  -- Where the server cannot tell (LPOS came with Redis 6.0.6), the error counts as a place.
  return (status == 'queued' and not redis.pcall('LPOS', queue_key(queue), job)
      and not redis.pcall('LPOS', intermediate_key(queue), job))
    or (status == 'scheduled' and not redis.pcall('ZSCORE', registry_key('scheduled', queue), job))
end

local ends = call('ZSCORE', wip, member)
local facts = is_job(job) and call('HMGET', job_key(job), 'status', RUN) or {}
if (facts[1] or '') ~= status or (facts[2] or '') ~= run then return { 'taken' } end
if proof == 'lease' and not (ends and tonumber(ends) <= server_seconds()) then return { 'taken' } end
local reprieved = proof == 'lease' and tonumber(ends) % 1 ~= 0
if proof ~= 'death' and not reprieved and daemon ~= '' and call('EXISTS', alive_key(daemon)) == 1 then
  if proof == 'lease' then call('ZADD', wip, server_seconds() + REPRIEVE, member) end
  return { 'alive' }
end

-- What a worker of Python's writes of its execution goes with the lease, by the server's clock: while it is there, the worker
-- renews both, and the lease is over only because that one's clock is behind.
if proof == 'lease' and daemon == '' and execution ~= '' and call('TTL', execution_key(job, execution)) >= 0 then
  return { 'alive' }
end

local elsewhere, nowhere = lives_elsewhere(), plan.become == 'mended' and is_nowhere()
local source = execution ~= '' and source_of(job, execution) or queue
if source == '' then source = queue end
if execution ~= '' then
  local name = call('HGET', execution_key(job, execution), 'worker_name') or is_job(job)
    and call('HGET', job_key(job), 'worker_name') or ''
  end_execution(job, execution, queue, P .. 'worker:' .. name .. ':executions')
end
call('ZREM', wip, member)
if elsewhere then return { 'elsewhere' } end
if status == '' then return { 'recovered', '' } end

local again = { queue = source, delay = plan.delay or 0, at_front = plan.at_front }
if plan.become == 'mended' then
  if nowhere then run_again(job, again, now) end
  return { 'recovered', '' }
end

if #plan.fields > 0 then call('HSET', job_key(job), unpack(plan.fields)) end
and_free_its_slot(job, now, function()
  if plan.become == 'failed' then
    call('HSET', job_key(job), 'ended_at', now)
    fail_job(job, queue, { unpack(ARGV, 12) }, 'failed', now)
    if plan.webhooks then call('HSET', P .. 'rqd:webhooks', member, plan.webhooks) end
  else
    run_again(job, again, now)
  end
end)
return { 'recovered', more_dependents and 'more' or '' }
