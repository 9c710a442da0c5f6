-- Settles an execution: result, registry, counters, dependents, rate slot and the worker's state in one step.
-- KEYS: 1 worker  2 worker's executions
-- ARGV: 1 prefix  2 job  3 execution  4 origin  5 worker name  6 now (RQ's text form)  7 verdict as JSON, see below
--       8 legacy result for the job hash, or ""  9.. fields of the result entry, in pairs
-- Verdict: {"become": "finished", "result_ttl", "again" or absent} | {"become": "failed" or "stopped", "unrecorded"} | {"become": "put_back", "again"} 
--          | {"become": "retried", "again"};
--          each with "failures" (see the fragment of that name), "fields" (pairs for the job hash), "worked" (seconds as text, or
--          absent) and "webhooks" (to note, or absent); again: {"queue", "delay", "at_front"}
-- Derived: job, its dependents, results, executions, registries and rate limit; dependents' own keys and queues
-- Returns: {"settled", "" or "more" (dependents are left for `release`)} | {"again", what it answered first} (nothing done)
--          | {"lost"} (another owns the job: nothing done) | {"gone"} (the job was deleted: only the execution was ended)
--          | {"canceled"} (the job was canceled meanwhile, and stays so: the result was kept)

local worker, worker_executions = KEYS[1], KEYS[2]
local job, execution, origin, worker_name, now = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local verdict = cjson.decode(ARGV[7])
failures = verdict.failures or failures

local function free_worker(answer, counter)
  if call('EXISTS', worker) == 0 then return end
  local news = { 'last_heartbeat', now, 'rqd_settled', execution .. ' ' .. answer }
  -- A settling that was held up may come when the worker has its next job.
  if (call('HGET', worker, 'current_job') or job) == job then
    call('HDEL', worker, 'current_job', 'current_job_working_time')
    call('HSET', worker, 'state', 'idle', unpack(news))
  else
    call('HSET', worker, unpack(news))
  end
  if counter then call('HINCRBY', worker, counter, 1) end
  if counter and verdict.worked then call('HINCRBYFLOAT', worker, 'total_working_time', verdict.worked) end
end

local function answered()
  local last = call('HGET', worker, 'rqd_settled')
  if last and last:sub(1, #execution + 1) == execution .. ' ' then return last:sub(#execution + 2) end
  for _, entry in ipairs(call('XREVRANGE', results_key(job), '+', '-', 'COUNT', 1)) do
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'execution_id' and entry[2][i + 1] == execution then return 'settled' end
    end
  end
end

local canceled = is_canceled(job, execution, worker_name)
if not canceled and not holds(job, execution, origin, worker_name) then
  -- What was settled is not held any more.
  local answer = answered()
  if answer then return { 'again', answer } end
  call('SREM', worker_executions, job .. ':' .. execution)
  free_worker('lost')
  return { 'lost' }
end

end_execution(job, execution, origin, worker_executions)
if not is_job(job) then
  free_worker('gone')
  return { 'gone' }
end

local result = { unpack(ARGV, 9) }
call('HSET', job_key(job), 'last_heartbeat', now, 'worker_name', worker_name, unpack(verdict.fields))
local counter = verdict.become == 'finished' and 'successful_job_count' or 'failed_job_count'
if canceled then
  and_free_its_slot(job, now, function() keep_outcome(job, result, verdict) end)
  free_worker('canceled', counter)
  return { 'canceled' }
end
if ARGV[8] ~= '' then call('HSET', job_key(job), 'result', ARGV[8]) end
and_free_its_slot(job, now, function()
  if verdict.become == 'finished' then
    finish_job(job, origin, result, verdict, now)
  elseif verdict.become == 'put_back' then
    run_again(job, verdict.again, now)
  elseif verdict.become == 'retried' then
    retry_job(job, result, verdict.again, now)
  elseif verdict.unrecorded then
    call('HSET', job_key(job), 'status', verdict.become)
    more_dependents = not release_dependents(job, verdict.become, now)
  else
    fail_job(job, origin, result, verdict.become, now)
  end
end)
if verdict.webhooks then call('HSET', P .. 'rqd:webhooks', job .. ':' .. execution, verdict.webhooks) end
if verdict.become == 'put_back' then counter = nil end
free_worker('settled', counter)
return { 'settled', more_dependents and 'more' or '' }
