-- Cancels or deletes a job that does not run, as RQ's Job.cancel and Job.delete do; jobs that wait for it go on waiting.
-- KEYS: 1 the job's hash
-- ARGV: 1 prefix  2 job  3 now (RQ's text form)  4 "cancel" or "delete"
-- Derived: the queue and the registries of its origin, its executions, its group, keys of its rate limit
-- Returns: {"withdrawn"} | {"gone"} (there is no such job) | {"elsewhere", status} (it runs, or is canceled already)

local job, now, deletes = ARGV[2], ARGV[3], ARGV[4] == 'delete'

if not is_job(job) then return { 'gone' } end
local facts = call('HMGET', KEYS[1], 'status', 'origin', 'group_id', 'rate_limit_key')
local status, queue, group, limit = facts[1] or '', facts[2] or '', facts[3], facts[4]
if status == 'started' or (status == 'canceled' and not deletes) then return { 'elsewhere', status } end

call('LREM', queue_key(queue), 1, job)
for _, registry in ipairs({ 'finished', 'failed', 'deferred', 'ready', 'scheduled', 'canceled' }) do
  call('ZREM', registry_key(registry, queue), job)
end
if deletes then
  for _, execution in ipairs(call('ZRANGE', executions_key(job), 0, -1)) do
    local worker = call('HGET', execution_key(job, execution), 'worker_name') or ''
    end_execution(job, execution, queue, P .. 'worker:' .. worker .. ':executions')
  end
  if group and group ~= '' then call('SREM', P .. 'group:' .. group, job) end
  call('DEL', KEYS[1], dependents_key(job), dependencies_key(job), results_key(job), executions_key(job))
else
  call('HSET', KEYS[1], 'status', 'canceled')
  call('ZADD', registry_key('canceled', queue), server_seconds(), job)
end
if limit and limit ~= '' and is_usable(limit) then
  call('ZREM', waiting_key(limit), job)
  release(limit, job, now)
end
return { 'withdrawn' }
