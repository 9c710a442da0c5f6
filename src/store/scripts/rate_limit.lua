-- Fragment: keys of which only so many jobs may be queued or started at once; the others wait, the oldest first.
-- `now` is RQ's text form throughout; `fields` are those of the job's hash that LIMIT_FIELDS names, absent ones nil.

local LIMIT_FIELDS = { 'origin', 'ttl', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ended_at', 'rate_limit_key',
  'rate_limit_concurrency' }

local function limit_key(key) return P .. 'rl:' .. key end
local function allowed_key(key) return P .. 'rl:' .. key .. ':allowed' end
local function waiting_key(key) return P .. 'rl:' .. key .. ':rate_limited' end

-- RQ: the keys of a limit named "K:allowed" meet those of "K". To move them aside would be to take them from each other.
local function is_usable(key)
  for name, wanted in pairs({ [limit_key(key)] = 'hash', [allowed_key(key)] = 'zset', [waiting_key(key)] = 'zset' }) do
    local found = kind(name)
    if found ~= 'none' and found ~= wanted then return false end
  end
  return true
end

-- Whether a job with these fields must be admitted. One whose limit cannot be kept runs without it, rather than never.
local function is_limited(fields)
  local key, concurrency = fields.rate_limit_key, seconds(fields.rate_limit_concurrency)
  return key and key ~= '' and concurrency and concurrency >= 1 and is_usable(key)
end

-- RQ: a job that has run before goes to the front when it was asked to on retry.
local function goes_first(fields)
  local ran = fields.ended_at and fields.ended_at ~= ''
  return fields.enqueue_at_front == '1' or (fields.enqueue_at_front_on_retry == '1' and ran)
end

-- So many entries of waiting rooms are taken out in one script, that Redis is not held up; the next call goes on.
local promotions_left = 250

-- Fills the free slots of a key; entries of jobs that do not wait any more are dropped. Returns the jobs that were queued.
local function promote(key, now)
  local promoted = {}
  if not is_usable(key) then return promoted end
  local concurrency = seconds(call('HGET', limit_key(key), 'concurrency')) or 0
  local free = concurrency - call('ZCARD', allowed_key(key))
  while free > 0 and promotions_left > 0 do
    local job = call('ZPOPMIN', waiting_key(key))[1]
    if not job then break end
    promotions_left = promotions_left - 1
    local facts = is_job(job) and call('HMGET', job_key(job), 'origin', 'status', 'enqueue_at_front') or {}
    local origin, front = facts[1], facts[3] == '1'
    if origin and facts[2] == 'rate_limited' then
      call('ZADD', allowed_key(key), server_seconds(), job)
      call(front and 'LPUSH' or 'RPUSH', queue_key(origin), job)
      call('HSET', job_key(job), 'status', 'queued', 'enqueued_at', now)
      free = concurrency - call('ZCARD', allowed_key(key))
      promoted[#promoted + 1] = job
    end
  end
  return promoted
end

-- Lets a limited job wait for its slot, which it may get at once. The caller took it out of where it was.
local function admit(job, fields, now)
  local key = fields.rate_limit_key
  call('SADD', P .. 'rl-keys', key)
  call('HSET', limit_key(key), 'concurrency', fields.rate_limit_concurrency)
  call('HSET', job_key(job), 'status', 'rate_limited', 'origin', fields.origin)
  -- RQ: the one who promotes it may be another, so the job itself says where it goes.
  if goes_first(fields) then call('HSET', job_key(job), 'enqueue_at_front', '1') end
  let_wait(job, fields.ttl)
  call('ZADD', waiting_key(key), server_seconds(), job)
  return promote(key, now)
end

-- Frees the slot of a job whose outcome is written, and gives it to the next one.
local function release(key, job, now)
  if not is_usable(key) then return {} end
  call('ZREM', allowed_key(key), job)
  return promote(key, now)
end
