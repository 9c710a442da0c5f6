-- Sets the slots of one key of limited concurrency right: those that nobody uses go to who waits, and an unused key goes away.
-- KEYS: none that are fixed
-- ARGV: 1 prefix  2 limited key  3 now (RQ's text form)
-- Derived: the key's configuration and sets, jobs and their queues
-- Returns: {"limited", jobs that got a slot ...}

local key, now = ARGV[2], ARGV[3]

-- A slot is used by a job that is queued or started, or that some execution still runs.
local function is_used(job)
  local status = is_job(job) and call('HGET', job_key(job), 'status')
  if status == 'queued' or status == 'started' then return true end
  return call('ZCOUNT', executions_key(job), '(' .. server_seconds(), '+inf') > 0
end

local given = { 'limited' }
if not is_usable(key) then return given end
for _, job in ipairs(call('ZRANGE', allowed_key(key), 0, 999)) do
  if not is_used(job) then call('ZREM', allowed_key(key), job) end
end
for _, job in ipairs(promote(key, now)) do given[#given + 1] = job end
if call('ZCARD', allowed_key(key)) == 0 and call('ZCARD', waiting_key(key)) == 0 then
  call('SREM', P .. 'rl-keys', key)
  call('DEL', allowed_key(key), waiting_key(key), limit_key(key))
end
return given
