-- Tells how many jobs queues and their registries hold.
-- KEYS: 1 the mark that RQ is suspended
-- ARGV: 1 prefix  2.. names of queues
-- Derived: the queues, their registries, the first job of each
-- Returns: {"census", whether RQ is suspended, for each queue: waiting, started, finished, failed, deferred, scheduled, canceled,
--           since when its first job waits (RQ's text form, or "")}

-- Looking changes nothing: what is of another type holds no jobs.
local function ask(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  return (type(reply) ~= 'table' or not reply.err) and reply
end

local reply = { 'census', redis.call('EXISTS', KEYS[1]) }
for at = 2, #ARGV do
  local queue = ARGV[at]
  reply[#reply + 1] = ask('LLEN', queue_key(queue)) or 0
  for _, registry in ipairs({ 'wip', 'finished', 'failed', 'deferred', 'scheduled', 'canceled' }) do
    reply[#reply + 1] = ask('ZCARD', registry_key(registry, queue)) or 0
  end
  local first = ask('LINDEX', queue_key(queue), 0)
  reply[#reply + 1] = first and ask('HGET', job_key(first), 'enqueued_at') or ''
end
return reply
