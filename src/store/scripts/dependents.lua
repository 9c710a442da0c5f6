-- Fragment: what becomes of the jobs that wait for a job which has just ended.

-- So many are looked at in one go, that Redis is not held up; `release` goes on with the rest.
local DEPENDENTS_AT_ONCE = 1000

-- RQ: `dependency_id` is what versions before 1.11 wrote.
local function dependencies_of(fields)
  local ok, ids = pcall(cjson.decode, fields.dependency_ids or '')
  if not ok or type(ids) ~= 'table' then return { fields.dependency_id } end
  local known = {}
  for _, id in ipairs(ids) do
    if type(id) == 'string' then known[#known + 1] = id end
  end
  return known
end

local function is_met(status, allows_failure)
  return not status or status == 'finished' or (status == 'failed' and allows_failure)
end

local function waits_for_others(fields, parent)
  for _, id in ipairs(dependencies_of(fields)) do
    local met = id == parent or not is_job(id)
      or is_met(call('HGET', job_key(id), 'status'), fields.allow_dependency_failures == '1')
    if not met then return true end
  end
  return false
end

local function enqueue_dependent(job, fields, now)
  call('ZREM', registry_key('deferred', fields.origin), job)
  call('SADD', P .. 'queues', queue_key(fields.origin))
  if is_limited(fields) then return admit(job, fields, now) end
  call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
  local ttl = seconds(fields.ttl)
  if ttl and ttl > 0 then expire_job(job, ttl) end
  call(goes_first(fields) and 'LPUSH' or 'RPUSH', queue_key(fields.origin), job)
end

local DEPENDENT_FIELDS = { 'status', 'dependency_ids', 'dependency_id', 'allow_dependency_failures' }
for _, name in ipairs(LIMIT_FIELDS) do DEPENDENT_FIELDS[#DEPENDENT_FIELDS + 1] = name end

local function release_dependent(parent, job, outcome, now)
  if not is_job(job) then return end
  local values, fields = call('HMGET', job_key(job), unpack(DEPENDENT_FIELDS)), {}
  for i, name in ipairs(DEPENDENT_FIELDS) do fields[name] = values[i] or nil end
  if not fields.origin then return end
  -- RQ: clients before 2.9 may queue a job at once and list it as deferred all the same.
  if fields.status ~= 'deferred' then return call('ZREM', registry_key('deferred', fields.origin), job) end
  if is_met(outcome, fields.allow_dependency_failures == '1') and not waits_for_others(fields, parent) then
    enqueue_dependent(job, fields, now)
    call('SREM', dependents_key(parent), job)
  end
end

-- Returns whether all were looked at; when not, a record says where to go on.
local function release_dependents(parent, outcome, now, cursor)
  local found = call('SSCAN', dependents_key(parent), cursor or '0', 'COUNT', DEPENDENTS_AT_ONCE)
  -- Whatever stands in another job, the end of this one must not break off over it.
  for _, job in ipairs(found[2]) do pcall(release_dependent, parent, job, outcome, now) end
  if found[1] == '0' then
    call('HDEL', P .. 'rqd:releasing', parent)
    return true
  end
  call('HSET', P .. 'rqd:releasing', parent, outcome .. ' ' .. found[1])
  return false
end
