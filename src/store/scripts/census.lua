-- Counts the jobs of queues.
-- KEYS: 1 the mark that RQ is suspended
-- ARGV: 1 prefix  2 "whole", or "numbers" for those who look often  3.. names of queues
-- Derived: the queues, their registries, the first job of each, the sets of their workers
-- Returns: {"census", whether RQ is suspended, for each queue: how many wait, are started, finished, failed, how many of these three
--           have expired, how many are deferred, scheduled, canceled, since when its first job waits (RQ's text form, or ""),
--           {key of a worker ...}}; only the whole tells what has expired, and the workers

-- Looking changes nothing: what is of another type holds no jobs.
local function ask(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  return (type(reply) ~= 'table' or not reply.err) and reply
end

local reply, now, is_whole = { 'census', redis.call('EXISTS', KEYS[1]) }, server_seconds(), ARGV[2] == 'whole'
local function tell(value) reply[#reply + 1] = value end

for at = 3, #ARGV do
  local queue = ARGV[at]
  local function all(registry) return ask('ZCARD', registry_key(registry, queue)) or 0 end
  -- RQ: what its cleaners would take out; the score of what is kept for ever is below or infinite.
  local function expired(registry) return is_whole and ask('ZCOUNT', registry_key(registry, queue), 0, now) or 0 end

  tell(ask('LLEN', queue_key(queue)) or 0)
  for _, registry in ipairs({ 'wip', 'finished', 'failed' }) do tell(all(registry)) end
  for _, registry in ipairs({ 'wip', 'finished', 'failed' }) do tell(expired(registry)) end
  for _, registry in ipairs({ 'deferred', 'scheduled', 'canceled' }) do tell(all(registry)) end
  local first = ask('LINDEX', queue_key(queue), 0)
  tell(first and ask('HGET', job_key(first), 'enqueued_at') or '')
  tell(is_whole and ask('SMEMBERS', P .. 'workers:' .. queue) or {})
end
return reply
