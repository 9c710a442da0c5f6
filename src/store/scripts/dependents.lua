-- Fragment: what becomes of the jobs that wait for a job which has just ended.

-- So many are looked at in one go, and of the other jobs that they wait for: Redis is not held up for more than a few milliseconds.
local DEPENDENTS_AT_ONCE, looks_left = 100, 500

-- By job whose dependents are not all released: `outcome cursor found server`, with `found` whether this pass released any.
local RELEASING = P .. 'rqd:releasing'
-- By dependent that waits for very many: `cursor server parent`.
local DECIDING = P .. 'rqd:deciding'

-- A cursor means nothing to the same server after a restart, nor to its replica: they keep a set in another order. A user who may
-- not ask who the server is sees `-`.
local server
local function server_run()
  local info = not server and redis.pcall('INFO', 'server')
  server = server or type(info) == 'string' and info:match('run_id:(%x+)') or '-'
  return server
end

local function is_met(status, allows_failure)
  return not status or status == 'finished' or (status == 'failed' and allows_failure)
end

-- Whether a job waits for others than the one that ended; or, when that would take too long, the cursor to go on with.
-- RQ: the set of its dependencies counts, not the list in its hash.
local function waits_for_others(job, parent, allows_failure, cursor)
  repeat
    if looks_left <= 0 and server_run() ~= '-' then return cursor end
    local found = call('SSCAN', dependencies_key(job), cursor, 'COUNT', math.max(looks_left, 100))
    for _, id in ipairs(found[2]) do
      if id ~= parent then
        looks_left = looks_left - 1
        if is_job(id) and not is_met(call('HGET', job_key(id), 'status'), allows_failure) then return true end
      end
    end
    cursor = found[1]
  until cursor == '0'
  return false
end

local function enqueue_dependent(job, fields, now)
  call('ZREM', registry_key('deferred', fields.origin), job)
  call('SADD', P .. 'queues', queue_key(fields.origin))
  if is_limited(fields) then return admit(job, fields, now) end
  call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
  let_wait(job, fields.ttl)
  call(goes_first(fields) and 'LPUSH' or 'RPUSH', queue_key(fields.origin), job)
end

local DEPENDENT_FIELDS = { 'status', 'allow_dependency_failures' }
for _, name in ipairs(LIMIT_FIELDS) do DEPENDENT_FIELDS[#DEPENDENT_FIELDS + 1] = name end

local function fields_of(job)
  local values, fields = call('HMGET', job_key(job), unpack(DEPENDENT_FIELDS)), {}
  for i, name in ipairs(DEPENDENT_FIELDS) do fields[name] = values[i] or nil end
  return fields
end

-- Returns "released", "undecided", or nothing when the job goes on waiting.
local function release_dependent(parent, job, outcome, now, cursor)
  local fields = is_job(job) and fields_of(job) or {}
  if not fields.origin then return end
  -- RQ: clients before 2.9 may queue a job at once and list it as deferred all the same.
  if fields.status ~= 'deferred' then return call('ZREM', registry_key('deferred', fields.origin), job) end
  local allows_failure = fields.allow_dependency_failures == '1'
  if not is_met(outcome, allows_failure) then return end
  local waits = waits_for_others(job, parent, allows_failure, cursor or '0')
  if waits == true then return end
  if waits then
    call('HSET', DECIDING, job, waits .. ' ' .. server_run() .. ' ' .. parent)
    return 'undecided'
  end
  enqueue_dependent(job, fields, now)
  call('SREM', dependents_key(parent), job)
  return 'released'
end

-- Returns whether nothing is left to `release`. What is left stands in records that say where to go on. The set is done with when
-- one step saw all of it, or a whole pass had nothing to release any more.
local function release_dependents(parent, outcome, now, cursor, has_found)
  local start, is_decided = cursor or '0', true
  local found = call('SSCAN', dependents_key(parent), start, 'COUNT', DEPENDENTS_AT_ONCE)
  for _, job in ipairs(found[2]) do
    -- Whatever stands in another job, the end of this one must not break off over it.
    local ok, what = pcall(release_dependent, parent, job, outcome, now)
    has_found = has_found or (ok and what == 'released')
    is_decided = is_decided and not (ok and what == 'undecided')
  end
  if found[1] == '0' and (start == '0' or not has_found) then
    call('HDEL', RELEASING, parent)
    return is_decided
  end
  needed_dependents[parent] = true
  call('PERSIST', dependents_key(parent))
  local goes_on = found[1] ~= '0' and has_found and '1' or '0'
  call('HSET', RELEASING, parent, table.concat({ outcome, found[1], goes_on, server_run() }, ' '))
  return false
end
