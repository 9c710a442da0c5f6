-- Settles an execution: result, registry, counters, dependents and the worker's state in one step.
-- KEYS: 1 worker  2 worker's executions
-- ARGV: 1 prefix  2 job  3 execution  4 origin  5 worker name  6 now (RQ's text form)  7 verdict as JSON, see below
--       8.. fields of the result entry, in pairs
-- Verdict: {"become": "finished", "result_ttl"} | {"become": "failed" or "stopped"} | {"become": "retried", "queue", "delay", "at_front"}
--          | {"become": "put_back", "queue"} (it was cut off);
--          each with "fields" (pairs for the job hash) and "worked" (seconds as text, or absent)
-- Derived: job, its dependents, results, executions and registries; dependents' own keys and queues
-- Returns: {"settled"} | {"again"} (was settled before: nothing done) | {"lost"} (another owns the job: nothing done)
--          | {"gone"} (the job was deleted meanwhile: only the execution was ended)

local worker, worker_executions = KEYS[1], KEYS[2]
local job, execution, origin, worker_name, now = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local verdict = cjson.decode(ARGV[7])

local function free_worker(counter)
  if redis.call('EXISTS', worker) == 0 then return end
  redis.call('HSET', worker, 'state', 'idle', 'last_heartbeat', now, 'rqd_settled', execution)
  redis.call('HDEL', worker, 'current_job', 'current_job_working_time')
  if counter then redis.call('HINCRBY', worker, counter, 1) end
  if counter and verdict.worked then redis.call('HINCRBYFLOAT', worker, 'total_working_time', verdict.worked) end
end

local function was_settled()
  if redis.call('HGET', worker, 'rqd_settled') == execution then return true end
  for _, entry in ipairs(redis.call('XREVRANGE', results_key(job), '+', '-', 'COUNT', 1)) do
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'execution_id' and entry[2][i + 1] == execution then return true end
    end
  end
  return false
end

if was_settled() then return { 'again' } end
if not holds(job, execution, origin, worker_name) then
  free_worker()
  return { 'lost' }
end

end_execution(job, execution, origin, worker_executions)
if not is_job(job) then
  free_worker()
  return { 'gone' }
end

local result = { unpack(ARGV, 8) }
redis.call('HSET', job_key(job), 'last_heartbeat', now, 'worker_name', worker_name, unpack(verdict.fields))
if verdict.become == 'finished' then
  redis.call('HSET', job_key(job), 'status', 'finished')
  finish_job(job, origin, result, verdict.result_ttl, now)
  free_worker('successful_job_count')
elseif verdict.become == 'put_back' then
  requeue_job(job, verdict.queue, true, now)
  free_worker()
elseif verdict.become ~= 'retried' then
  redis.call('HSET', job_key(job), 'status', verdict.become)
  fail_job(job, origin, result, verdict.become, now)
  free_worker('failed_job_count')
else
  if verdict.delay > 0 then
    schedule_job(job, verdict.queue, verdict.delay)
  else
    requeue_job(job, verdict.queue, verdict.at_front, now)
  end
  free_worker('failed_job_count')
end
return { 'settled' }
