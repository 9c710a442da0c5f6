-- Fragment: what becomes of the jobs that wait for a job which has just ended.

-- RQ: `dependency_id` is what versions before 1.11 wrote.
local function dependencies_of(fields)
  local ok, ids = pcall(cjson.decode, fields.dependency_ids or '')
  if ok and type(ids) == 'table' then return ids end
  return { fields.dependency_id }
end

local function is_met(status, allows_failure)
  return not status or status == 'finished' or (status == 'failed' and allows_failure)
end

local function waits_for_others(fields, parent)
  for _, id in ipairs(dependencies_of(fields)) do
    if id ~= parent and not is_met(call('HGET', job_key(id), 'status'), fields.allow_dependency_failures == '1') then
      return true
    end
  end
  return false
end

local function enqueue_dependent(job, fields, now)
  call('ZREM', registry_key('deferred', fields.origin), job)
  if fields.rate_limit_key and fields.rate_limit_key ~= '' then
    -- Its slot is asked for by maintenance, which empties the ready registry.
    call('HSET', job_key(job), 'status', 'ready_to_enqueue')
    call('ZADD', registry_key('ready', fields.origin), server_seconds(), job)
    return
  end
  call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
  local ttl = seconds(fields.ttl)
  if ttl and ttl > 0 then expire_job(job, ttl) end
  local ran = fields.started_at and fields.started_at ~= ''
  local front = fields.enqueue_at_front == '1' or (ran and fields.enqueue_at_front_on_retry == '1')
  call('SADD', P .. 'queues', queue_key(fields.origin))
  call(front and 'LPUSH' or 'RPUSH', queue_key(fields.origin), job)
end

local NEEDED = { 'origin', 'status', 'dependency_ids', 'dependency_id', 'allow_dependency_failures', 'ttl', 'started_at',
  'enqueue_at_front', 'enqueue_at_front_on_retry', 'rate_limit_key' }

local function release(job, parent, outcome, now)
  if not is_job(job) then return end
  local values, fields = call('HMGET', job_key(job), unpack(NEEDED)), {}
  for i, name in ipairs(NEEDED) do fields[name] = values[i] or nil end
  local released = is_met(outcome, fields.allow_dependency_failures == '1') and fields.status ~= 'canceled'
    and fields.origin and not waits_for_others(fields, parent)
  if released then
    enqueue_dependent(job, fields, now)
    call('SREM', dependents_key(parent), job)
  end
end

local function release_dependents(parent, outcome, now)
  for _, job in ipairs(call('SMEMBERS', dependents_key(parent))) do
    -- Whatever stands in another job, the end of this one must not break off over it.
    pcall(release, job, parent, outcome, now)
  end
end
