-- Fragment: how an ended job is written down.

-- Whether more dependents are left than one call releases.
local more_dependents = false

local function keep_results(job, ttl)
  if ttl < 0 then
    call('PERSIST', results_key(job))
  else
    call('EXPIRE', results_key(job), ttl)
  end
end

local function add_result(job, fields)
  call('XADD', results_key(job), 'MAXLEN', '~', '10', '*', unpack(fields))
end

local function run_again(job, again, now)
  call('SADD', P .. 'queues', queue_key(again.queue))
  let_wait(job, call('HGET', job_key(job), 'ttl'))
  if again.delay > 0 then
    call('HSET', job_key(job), 'status', 'scheduled')
    call('ZADD', registry_key('scheduled', again.queue), server_seconds() + again.delay, job)
  else
    call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
    call(again.at_front and 'LPUSH' or 'RPUSH', queue_key(again.queue), job)
  end
end

-- RQ: a job that repeats is listed as finished and waits at the same time; its hash does not expire with the result.
local function finish_job(job, queue, result, verdict, now)
  local ttl = verdict.result_ttl
  call('HSET', job_key(job), 'status', 'finished')
  more_dependents = not release_dependents(job, 'finished', now)
  if ttl ~= 0 then
    add_result(job, result)
    keep_results(job, ttl)
    call('ZADD', registry_key('finished', queue), ttl < 0 and '+inf' or server_seconds() + ttl, job)
  end
  if verdict.again then
    run_again(job, verdict.again, now)
  elseif ttl == 0 then
    delete_job(job, more_dependents)
  elseif ttl > 0 then
    expire_job(job, ttl)
  end
end

-- RQ: a failed job for which nobody says a time stays for a year and its results for ever; -1 is the literal score of "keep".
local function fail_job(job, queue, result, status, now)
  local said = failure_ttl(job)
  local ttl = said or YEAR
  call('HSET', job_key(job), 'status', status)
  more_dependents = not release_dependents(job, status, now)
  if ttl == 0 then return delete_job(job, more_dependents) end
  add_result(job, result)
  if said then keep_results(job, said) end
  call('ZADD', registry_key('failed', queue), ttl < 0 and -1 or server_seconds() + ttl, job)
  if ttl > 0 then expire_job(job, ttl) end
end

-- A job that failed, or asked for it, runs again; only what it asked for leaves a result.
local function retry_job(job, result, again, now)
  if #result > 0 then
    add_result(job, result)
    local ttl = failure_ttl(job)
    if ttl then keep_results(job, ttl) end
  end
  run_again(job, again, now)
end

-- A job that was canceled while it ran stays canceled, and so do its retries and dependents; what came of it can be read.
local function keep_outcome(job, result, verdict)
  local ttl = verdict.result_ttl or failure_ttl(job)
  if #result == 0 or ttl == 0 or verdict.unrecorded then return end
  add_result(job, result)
  if ttl then keep_results(job, ttl) end
end

-- RQ: a job of limited concurrency keeps its slot only while it is queued or started.
local function and_free_its_slot(job, now, act)
  local limit = call('HGET', job_key(job), 'rate_limit_key')
  act()
  local status = call('HGET', job_key(job), 'status')
  if limit and limit ~= '' and status ~= 'queued' and status ~= 'started' then release(limit, job, now) end
end
