-- Enqueues one run of a cron entry, unless somebody has enqueued it or a later one already.
-- KEYS: 1 entry's fence  2 set of queues  3 queue  4 job  5 history of the entry's name  6 names of cron jobs
-- ARGV: 1 prefix  2 name  3 time of the run (Unix microseconds)  4 least time after the last run (microseconds; 0 for any)
--       5 how far ahead of the server's clock a last run is believed (microseconds)  6 id of the job  7 now (Unix seconds, float)
--       8 life of the job in seconds, or ""  9 "skip" to leave the run out while the job of the last one is not over
--       10.. pairs of field and value of the job
-- Derived: the job of the last run
-- Returns: {"enqueued"} | {"already", time of the last run, its job} | {"overlapping", job of the last run}
--          | {"ahead", the server's clock (Unix microseconds)} (the run lies in the future: nothing was done)

local fence, queues, queue, job, history, names = unpack(KEYS)
local name, run, gap, lead = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, now, ttl = ARGV[6], ARGV[7], ARGV[8]
-- How far ahead a run may be, in microseconds: callers go by the server's clock, but another server may have taken over since.
local AHEAD = 60000000

local clock = redis.call('TIME')
clock = clock[1] * 1000000 + clock[2]
local state = call('HMGET', fence, 'last', 'job')
local last = tonumber(state[1] or '')
-- One from the far future would silence the entry for so long.
if last and last > clock + lead then last = nil end
if last and (run <= last or run < last + gap) then return { 'already', state[1], state[2] or '' } end
if run > clock + AHEAD then return { 'ahead', string.format('%.0f', clock) } end

-- Where it stands now; a run that was left out counts as done, or it would come as soon as the other is over.
local function pass(done_by)
  call('HSET', fence, 'last', ARGV[3], 'job', done_by)
  -- Longer than any rule's distance but that of years.
  call('EXPIRE', fence, 63072000)
end

local busy = { queued = true, started = true, deferred = true, scheduled = true, rate_limited = true, ready_to_enqueue = true }
if ARGV[9] == 'skip' and state[2] and is_job(state[2]) and busy[call('HGET', job_key(state[2]), 'status') or ''] then
  pass(state[2])
  return { 'overlapping', state[2] }
end

pass(id)
call('SADD', queues, queue)
call('HSET', job, unpack(ARGV, 10))
if ttl ~= '' then expire_job(id, ttl) end
call('RPUSH', queue, id)
call('ZADD', history, now, id)
-- RQ: the newest thousand, and all of them for a year after the last one.
call('ZREMRANGEBYRANK', history, 0, -1001)
call('EXPIRE', history, 31536000)
call('ZADD', names, now, name)
return { 'enqueued' }
