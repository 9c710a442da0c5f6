-- Sets some slots of one key of limited concurrency right: those that nobody uses go to who waits, and an unused key goes away.
-- KEYS: none that are fixed
-- ARGV: 1 prefix  2 limited key  3 now (RQ's text form)  4 where to go on ("0" at first)  5 how many slots to look at, about
-- Derived: the key's configuration and sets, jobs and their queues
-- Returns: {"limited", where to go on or "" at the end, jobs that got a slot ...}

local key, now, cursor, some = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

-- A slot is used by a job that is queued or started, or that some execution still runs.
local function is_used(job)
  local status = is_job(job) and call('HGET', job_key(job), 'status')
  if status == 'queued' or status == 'started' then return true end
  return call('ZCOUNT', executions_key(job), '(' .. server_seconds(), '+inf') > 0
end

local given = { 'limited', '' }
if not is_usable(key) then return given end
local found = call('ZSCAN', allowed_key(key), cursor, 'COUNT', some)
for i = 1, #found[2], 2 do
  if not is_used(found[2][i]) then call('ZREM', allowed_key(key), found[2][i]) end
end
for _, job in ipairs(promote(key, now)) do given[#given + 1] = job end
if call('ZCARD', allowed_key(key)) == 0 and call('ZCARD', waiting_key(key)) == 0 then
  call('SREM', P .. 'rl-keys', key)
  call('DEL', allowed_key(key), waiting_key(key), limit_key(key))
elseif found[1] ~= '0' or promotions_left == 0 then
  given[2] = found[1]
end
return given
