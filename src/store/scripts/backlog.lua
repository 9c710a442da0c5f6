-- Tells how much waits in queues.
-- KEYS: 1.. queues
-- ARGV: 1 prefix
-- Derived: the first job of each queue
-- Returns: {"backlog", number of jobs, since when the first job of a queue waits (RQ's text form), ...}

local reply = { 'backlog', 0 }
for _, queue in ipairs(KEYS) do
  reply[2] = reply[2] + call('LLEN', queue)
  local first = call('LINDEX', queue, 0)
  local since = first and call('HGET', job_key(first), 'enqueued_at')
  if since then reply[#reply + 1] = since end
end
return reply
