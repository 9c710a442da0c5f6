-- Fragment: how an ended job is written down.

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

local function delete_job(job)
  local group = call('HGET', job_key(job), 'group_id')
  if group and group ~= '' then call('SREM', P .. 'group:' .. group, job) end
  call('DEL', job_key(job), dependents_key(job), dependencies_key(job), results_key(job), executions_key(job))
end

local function finish_job(job, queue, result, ttl, now)
  release_dependents(job, 'finished', now)
  if ttl == 0 then return delete_job(job) end
  add_result(job, result)
  keep_results(job, ttl)
  call('ZADD', registry_key('finished', queue), ttl < 0 and '+inf' or server_seconds() + ttl, job)
  if ttl > 0 then expire_job(job, ttl) end
end

-- RQ: without a time of its own, a failed job stays for a year and its results for ever; -1 is the literal score of "keep".
local function fail_job(job, queue, result, status, now)
  local own = seconds(call('HGET', job_key(job), 'failure_ttl'))
  local ttl = own or 31536000
  release_dependents(job, status, now)
  if ttl == 0 then return delete_job(job) end
  add_result(job, result)
  if own then keep_results(job, own) end
  call('ZADD', registry_key('failed', queue), ttl < 0 and -1 or server_seconds() + ttl, job)
  if ttl > 0 then expire_job(job, ttl) end
end

local function requeue_job(job, queue, at_front, now)
  call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
  local ttl = seconds(call('HGET', job_key(job), 'ttl'))
  if ttl and ttl > 0 then expire_job(job, ttl) end
  call('SADD', P .. 'queues', queue_key(queue))
  call(at_front and 'LPUSH' or 'RPUSH', queue_key(queue), job)
end

local function schedule_job(job, queue, delay)
  call('HSET', job_key(job), 'status', 'scheduled')
  call('SADD', P .. 'queues', queue_key(queue))
  call('ZADD', registry_key('scheduled', queue), server_seconds() + delay, job)
end
