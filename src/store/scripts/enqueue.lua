-- Makes a job: it goes to its queue, waits for its time, or waits for other jobs, as a client of RQ's would decide.
-- KEYS: 1 set of queues  2 queue  3 job  4 scheduled registry  5 deferred registry
-- ARGV: 1 prefix  2 id  3 now (RQ's text form)  4 life of the job in seconds, or ""  5 "front" or "back"
--       6 when it is due (Unix seconds), or ""  7 number of jobs that it waits for  8.. their ids, then pairs of field and value
-- Derived: the jobs that it waits for, their dependents, its dependencies
-- Returns: {"queued"} | {"scheduled"} | {"deferred"} | {"already", status} (this very call was made before)

local queues, queue, job, scheduled, deferred = unpack(KEYS)
local id, now, ttl, due, count = ARGV[2], ARGV[3], ARGV[4], ARGV[6], tonumber(ARGV[7])

-- RQ: a job of the same id is written over. One that was made in the same microsecond is this one.
if kind(job) == 'hash' and call('HGET', job, 'created_at') == now then
  return { 'already', call('HGET', job, 'status') or '' }
end

-- RQ: a job that does not exist is not waited for.
local function must_wait()
  for i = 8, 7 + count do
    if is_job(ARGV[i]) and call('HGET', job_key(ARGV[i]), 'status') ~= 'finished' then return true end
  end
  return false
end

local status = due ~= '' and 'scheduled' or must_wait() and 'deferred' or 'queued'
call('SADD', queues, queue)
call('HSET', job, 'status', status, 'created_at', now, unpack(ARGV, 8 + count))
if status == 'scheduled' then
  call('ZADD', scheduled, due, id)
elseif status == 'deferred' then
  call('ZADD', deferred, server_seconds(), id)
  for i = 8, 7 + count do
    call('SADD', dependents_key(ARGV[i]), id)
    call('SADD', dependencies_key(id), ARGV[i])
  end
else
  call('HSET', job, 'enqueued_at', now)
  call(ARGV[5] == 'front' and 'LPUSH' or 'RPUSH', queue, id)
end
let_wait(id, ttl)
return { status }
