-- Deletes a failed job with all that belongs to it, as RQ's Job.delete does; jobs that wait for it go on waiting.
-- KEYS: 1 the job's hash
-- ARGV: 1 prefix  2 job  3 now (RQ's text form)
-- Derived: the failed registry and the queue of its origin, its executions, its group, keys of its rate limit
-- Returns: {"deleted"} | {"gone"} (there is no such job) | {"elsewhere", status} (it did not fail, or is in no
--          registry of failed jobs; an entry of one that did not fail is taken out)

local job, now = ARGV[2], ARGV[3]

if not is_job(job) then return { 'gone' } end
local facts = call('HMGET', KEYS[1], 'status', 'origin', 'rate_limit_key')
local status, queue, limit = facts[1] or '', facts[2] or '', facts[3]
-- RQ: an entry counts, whatever the job says. One of a job that was queued again by other means must not end it.
local had_failed = status == 'failed' or status == 'stopped' or status == ''
if call('ZREM', registry_key('failed', queue), job) == 0 or not had_failed then return { 'elsewhere', status } end

call('LREM', queue_key(queue), 1, job)
delete_idle_job(job, queue)
if limit and limit ~= '' and is_usable(limit) then
  call('ZREM', waiting_key(limit), job)
  release(limit, job, now)
end
return { 'deleted' }
