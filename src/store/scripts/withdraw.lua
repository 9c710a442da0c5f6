-- Cancels or deletes jobs that do not run, as RQ's Job.cancel and Job.delete do; jobs that wait for them go on waiting.
-- KEYS: 1.. the jobs' hashes
-- ARGV: 1 prefix  2 now (RQ's text form)  3 "cancel" or "delete"  4 a queue that the caller has read, or ""
--       5 where in it the jobs stand about  6 how many entries from there on are looked at  7.. jobs
-- Derived: the queues and the registries of their origins, their executions, their groups, keys of their rate limits
-- Returns: {"withdrawn", for each job: "done" | "gone" (there is no such job) | "again" (ask again with fewer)
--          | "elsewhere STATUS" (it runs; or it is to be canceled, and has ended)}

local now, deletes, read, first, count = ARGV[2], ARGV[3] == 'delete', ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])

-- RQ: Job.cancel takes one that has ended as well, for whoever names it. Many would lose what is known of their ends.
local STAYS = { started = true, canceled = not deletes, finished = not deletes, failed = not deletes, stopped = not deletes }
-- So many queues are looked through for a job in one script: each look at a long one takes some 10 ms.
local LOOKS_AT_ONCE = 5

-- What is known of the jobs that may be withdrawn, in order, and what is said of all.
local found, said = {}, {}

for i, key in ipairs(KEYS) do
  local job = ARGV[6 + i]
  local facts = is_job(job) and call('HMGET', key, 'status', 'origin', 'rate_limit_key')
  local status = facts and facts[1] or ''
  if not facts then
    said[i] = 'gone'
  elseif STAYS[status] then
    said[i] = 'elsewhere ' .. status
  else
    said[i] = 'done'
    found[#found + 1] = { at = i, job = job, key = key, status = status, queue = facts[2] or '', limit = facts[3] }
  end
end

-- To look a whole queue through for each of many jobs would hold up everybody else. So their entries are marked where the
-- caller has seen them, and all that are marked go at once.
local function take_out_marked()
  local places, marked, mark = {}, 0, ' rqd '
  for i, id in ipairs(count > 0 and call('LRANGE', queue_key(read), first, first + count - 1) or {}) do
    places[id] = places[id] or first + i - 1
  end
  for _, it in ipairs(found) do
    local place = it.queue == read and places[it.job]
    -- A server that is out of memory refuses this, but not what else is done here.
    if place and not redis.pcall('LSET', queue_key(read), place, mark).err then
      places[it.job], it.is_out, marked = nil, true, marked + 1
    end
  end
  -- From the end that is nearer.
  local is_far = marked > 0 and 2 * first > call('LLEN', queue_key(read))
  if marked > 0 then call('LREM', queue_key(read), is_far and -marked or marked, mark) end
end

local function has_limit(it) return it.limit and it.limit ~= '' and is_usable(it.limit) end

-- All leave their queues and waiting rooms before a slot is given on: it could be given to one of them.
take_out_marked()
local looks, leaving = 0, {}
for _, it in ipairs(found) do
  local may_be_there = not it.is_out and (it.status == 'queued' or it.status == 'created' or it.status == '')
  if may_be_there and looks == LOOKS_AT_ONCE then
    said[it.at] = 'again'
  else
    if may_be_there then call('LREM', queue_key(it.queue), 1, it.job) end
    if has_limit(it) then call('ZREM', waiting_key(it.limit), it.job) end
    looks, leaving[#leaving + 1] = looks + (may_be_there and 1 or 0), it
  end
end

for _, it in ipairs(leaving) do
  local job, queue = it.job, it.queue
  for _, registry in ipairs({ 'finished', 'failed', 'deferred', 'ready', 'scheduled', 'canceled' }) do
    call('ZREM', registry_key(registry, queue), job)
  end
  if deletes then
    delete_idle_job(job, queue)
  else
    call('HSET', it.key, 'status', 'canceled')
    call('ZADD', registry_key('canceled', queue), server_seconds(), job)
  end
end
for _, it in ipairs(leaving) do
  if has_limit(it) then release(it.limit, it.job, now) end
end
return { 'withdrawn', unpack(said) }
