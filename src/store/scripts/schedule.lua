-- Moves jobs that are due by the server's clock from their scheduled registries to their queues, the earliest first.
-- KEYS: pairs of lock and scheduled registry, one for each queue
-- ARGV: 1 prefix  2 scheduler's name (a lock that another holds is respected)  3 now (RQ's text form)  4 most jobs in this step
--       5.. names of the queues
-- Derived: jobs, their queues, keys of rate limits
-- Returns: {"scheduled", "more" or "done" (whether as much as allowed was moved), then in threes:
--          "queued", queue, number of jobs | "passed", queue, job that stands somewhere else already
--          | "lost", queue, holder of its lock or ""}

local own, now, left = ARGV[2], ARGV[3], tonumber(ARGV[4])

-- A job in these states is in some other place from which it will run, or is not to run at all (R-18). Whatever else stands in
-- the registry was put there to run, as RQ has it: ScheduledJobRegistry.schedule() does not set a status.
local PASSED = { queued = true, started = true, deferred = true, ready_to_enqueue = true, rate_limited = true, canceled = true }
-- At the second look, one that has ended did so after the first, because it was somewhere else.
local ENDED = { finished = true, failed = true, stopped = true }

local reply = { 'scheduled', 'done' }
local function tell(what, queue, detail)
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = what, queue, detail
end

local function read(job)
  local values, fields = call('HMGET', job_key(job), 'status', unpack(LIMIT_FIELDS)), {}
  for i, name in ipairs(LIMIT_FIELDS) do fields[name] = values[i + 1] or nil end
  return values[1] or '', fields
end

local function enqueue(job, queue, fields)
  -- RQ: a job belongs to the queue in whose registry it stood.
  fields.origin = queue
  if is_limited(fields) then return admit(job, fields, now) end
  call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now, 'origin', queue)
  let_wait(job, fields.ttl)
  call(goes_first(fields) and 'LPUSH' or 'RPUSH', queue_key(queue), job)
end

-- RQ: clients and workers before 3.0 write the registry first and the job a moment later. So what is not to be queued is looked
-- at again after five seconds, and only then taken out; the half second, which RQ never writes, tells that this was done.
local function was_put_off(score) return (tonumber(score) or 0) % 1 ~= 0 end

local function move_due(queue, registry)
  local queued, now_seconds = 0, server_seconds()
  local due = call('ZRANGEBYSCORE', registry, '-inf', now_seconds, 'WITHSCORES', 'LIMIT', 0, left)
  for i = 1, #due, 2 do
    local job, known = due[i], is_job(due[i])
    local again = was_put_off(due[i + 1])
    local status, fields
    if known then status, fields = read(job) end
    left = left - 1
    call('ZREM', registry, job)
    if known and not PASSED[status] and not (again and ENDED[status]) then
      enqueue(job, queue, fields)
      queued = queued + 1
    elseif not again then
      call('ZADD', registry, now_seconds + 5.5, job)
    elseif known then
      tell('passed', queue, job)
    end
  end
  if queued == 0 then return end
  call('SADD', P .. 'queues', queue_key(queue))
  tell('queued', queue, tostring(queued))
end

for i = 1, #KEYS, 2 do
  local lock, registry, queue = KEYS[i], KEYS[i + 1], ARGV[4 + (i + 1) / 2]
  local holder = call('GET', lock) or ''
  if holder ~= own then
    tell('lost', queue, holder)
  elseif left > 0 then
    move_due(queue, registry)
  end
end
if left <= 0 then reply[2] = 'more' end
return reply
