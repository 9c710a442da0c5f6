-- Claims the next job for a worker: from the first of its queues that has one to the started registry of the job's origin.
-- KEYS: 1 worker  2 worker's executions  3 suspension flag  4.. queues in order
-- ARGV: 1 prefix  2 execution id  3 worker name  4 now (RQ's text form)  5 now (Unix seconds, float)  6 lease in seconds
--       7 this daemon  8 how long its sign of life lasts, in milliseconds  9 turn: how many claims before may have given a job
--       10 the execution that must be settled before, or ""  11 number of queues
--       12.. their names, then pairs of queue and id that a wait surfaced
-- Derived: job, execution, executions of the job, started registry and intermediate lists, list of ids put aside
-- Returns: {"claimed", queue, id, job hash} | {"again", queue, id, job hash} (this execution already holds a job)
--          | {"aside", queue, id, reason} (an id that nothing can be done with) | {"more"} (only ids of jobs that are gone so
--          far) | {"empty"} | {"suspended"} | {"unregistered"} | {"early"} (the other execution is not settled yet)

local worker, worker_executions, suspended = KEYS[1], KEYS[2], KEYS[3]
local execution, worker_name, now, now_float, lease = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local daemon, life, turn, after, queues = ARGV[7], ARGV[8], tonumber(ARGV[9]), ARGV[10], tonumber(ARGV[11])
-- So many ids of jobs that are gone are passed over in one go, that Redis is not held up.
local GONE_AT_ONCE = 500
local FEW, AT_ONCE = 4, 32

local function start(job, queue)
  local origin = origin_of(job, queue)
  local ends = server_seconds() + lease
  local member = job .. ':' .. execution
  call('HSET', execution_key(job, execution), 'id', execution, 'job_id', job, 'created_at', now_float,
    'last_heartbeat', now_float, 'worker_name', worker_name, 'rqd_queue', queue)
  -- The hash lives as long as the lists that name it: Python clients raise on an execution without one.
  call('EXPIRE', execution_key(job, execution), lease + 60)
  call('ZADD', executions_key(job), ends + 60, execution)
  call('EXPIRE', executions_key(job), lease + 60)
  call('ZADD', registry_key('wip', origin), ends, member)
  call('SADD', worker_executions, member)
  call('EXPIRE', worker_executions, lease + 60)
  -- RQ: monitors of 2.x and 1.x read the current job from the worker's hash.
  call('HSET', worker, 'state', 'busy', 'last_heartbeat', now, 'current_job', job, 'current_job_working_time', '0',
    'rqd_turn', turn + 1)
  call('EXPIRE', worker, lease)
  call('HSET', job_key(job), 'status', 'started', 'started_at', now, 'last_heartbeat', now, 'worker_name', worker_name,
    RUN, execution .. ' ' .. daemon .. ' claimed')
  -- Whoever claims is alive, even if its sign of life was lost with an outage: others must not take the job on.
  call('SET', alive_key(daemon), worker_name, 'PX', life)
  call('PERSIST', job_key(job))
  return { 'claimed', queue, job, call('HGETALL', job_key(job)) }
end

-- The first queue that has a job, so that many empty ones cost one question; where there are few, they are just tried.
local function first_with_a_job()
  if queues <= FEW then return 1 end
  for i = 1, queues, AT_ONCE do
    local last = math.min(i + AT_ONCE - 1, queues)
    if call('EXISTS', unpack(KEYS, 3 + i, 3 + last)) > 0 then return i end
  end
  return queues + 1
end

local function put_aside(queue, job, reason)
  call('RPUSH', P .. 'rqd:aside', queue .. ' ' .. job)
  return { 'aside', queue, job, reason }
end

if call('EXISTS', worker) == 0 or call('HEXISTS', worker, 'death') == 1 then return { 'unregistered' } end

local job = held(worker_executions, execution)
if job then return { 'again', source_of(job, execution), job, call('HGETALL', job_key(job)) } end

local known = call('HMGET', worker, 'rqd_turn', 'rqd_settled')
-- A claim that was late on its way, and asked again since: nobody would hear that it took a job.
if turn < (tonumber(known[1] or '') or 0) then return { 'empty' } end
-- What that one puts back, or lets go, is to be found by this claim.
if after ~= '' and (known[2] or ''):sub(1, #after + 1) ~= after .. ' ' then return { 'early' } end

for i = 12 + queues, #ARGV, 2 do put_back(ARGV[i], ARGV[i + 1]) end
if call('EXISTS', suspended) == 1 then return { 'suspended' } end

local gone = 0
for i = first_with_a_job(), queues do
  local queue = ARGV[11 + i]
  local id = call('LPOP', KEYS[3 + i])
  while id do
    -- A colon would break the members `job:execution` that every client splits.
    if id:find(':', 1, true) then return put_aside(queue, id, 'its id contains a colon') end
    -- The daemon could not name it again.
    if not is_utf8(id) then return put_aside(queue, id, 'its id is not UTF-8') end
    local job_kind = kind(job_key(id))
    if job_kind ~= 'none' and job_kind ~= 'hash' then return put_aside(queue, id, 'its key holds a ' .. job_kind) end
    if is_job(id) then return start(id, queue) end
    gone = gone + 1
    if gone == GONE_AT_ONCE then return { 'more' } end
    id = call('LPOP', KEYS[3 + i])
  end
end
return { 'empty' }
