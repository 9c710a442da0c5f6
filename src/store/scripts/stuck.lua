-- Ends a job whose id is stranded in a queue's intermediate list, as RQ's maintenance does: a minute after it was first seen there.
-- KEYS: 1 started registry of the queue  2 worker in whose name it is done
-- ARGV: 1 prefix  2 queue  3 job  4 now (RQ's text form)  5 the job's status as the caller found it, or ""  6 plan as JSON
--       7.. fields of the result entry, in pairs
-- Plan: {"become": "failed", "unrecorded" or absent} | {"become": "retried", "delay", "at_front"};
--       each with "failures" (see the fragment of that name) and "fields" (pairs for the job hash)
-- Derived: intermediate list and RQ's mark of the first look, the job, its dependents, results and registries
-- Returns: {"ended"} | {"waiting"} (not for a minute yet, or it runs: nothing was changed but the mark)
--          | {"removed"} (its job is gone, has ended or waits elsewhere: only the id was) | {"taken"} (by somebody else: nothing was done)

local wip, worker, queue, job, now = KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[4]
local status, plan = ARGV[5], cjson.decode(ARGV[6])
failures = plan.failures or failures
-- RQ: how long an id may stand there, and how long it is known when it was first seen.
local GRACE, KNOWN = 60, 86400

local mark = intermediate_key(queue) .. ':first_seen:' .. job

local function stands_for_long()
  local seen = call('GET', mark)
  if not seen then call('SET', mark, server_seconds(), 'EX', KNOWN) end
  return seen and server_seconds() - (tonumber(seen) or 0) > GRACE
end

if runs(wip, job) then return { 'waiting' } end
if is_over(job) then
  call('DEL', mark)
  return { call('LREM', intermediate_key(queue), 1, job) > 0 and 'removed' or 'taken' }
end
if not stands_for_long() then return { 'waiting' } end
if (call('HGET', job_key(job), 'status') or '') ~= status then return { 'taken' } end
if call('LREM', intermediate_key(queue), 1, job) == 0 then return { 'taken' } end
-- The mark goes with the id: otherwise the job would fail at once when its id is there again within a day.
call('DEL', mark)

local origin = origin_of(job, queue)
if #plan.fields > 0 then call('HSET', job_key(job), unpack(plan.fields)) end
and_free_its_slot(job, now, function()
  if plan.become == 'retried' then
    run_again(job, { queue = queue, delay = plan.delay, at_front = plan.at_front }, now)
  elseif plan.unrecorded then
    call('HSET', job_key(job), 'status', 'failed')
    release_dependents(job, 'failed', now)
  else
    fail_job(job, origin, { unpack(ARGV, 7) }, 'failed', now)
  end
end)
if kind(worker) == 'hash' then call('HINCRBY', worker, 'failed_job_count', 1) end
return { 'ended' }
