-- Puts a failed job back on its queue, as `rq requeue` does, but in one step: RQ leaves it in no place for a moment (R-7).
-- KEYS: 1 the job's hash
-- ARGV: 1 prefix  2 job  3 now (RQ's text form)  4 an empty text, packed as RQ packs
--       5 the queue that it has to be of, or ""
-- Derived: the failed registry and the queue of its origin, keys of its rate limit
-- Returns: {"requeued", queue} | {"gone"} (there is no such job; its entry among the failed ones of that queue is taken out)
--          | {"foreign", queue} (it is of another queue) | {"elsewhere", status} (it did not fail, or is in no registry of
--          failed jobs; an entry of one that did not fail is taken out)

local job, now, nothing, own = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if not is_job(job) then
  if own ~= '' then call('ZREM', registry_key('failed', own), job) end
  return { 'gone' }
end
local values, fields = call('HMGET', KEYS[1], 'status', 'timeout', unpack(LIMIT_FIELDS)), {}
for i, name in ipairs(LIMIT_FIELDS) do fields[name] = values[i + 2] or nil end
local queue, status = fields.origin or '', values[1] or ''
if own ~= '' and queue ~= own then return { 'foreign', queue } end
-- RQ: an entry counts, whatever the job says. One of a job that was queued again by other means would queue it twice.
local had_failed = status == 'failed' or status == 'stopped' or status == ''
if call('ZREM', registry_key('failed', queue), job) == 0 or not had_failed then return { 'elsewhere', status } end

-- RQ: what was known of the end is forgotten, but for the results.
call('HSET', KEYS[1], 'started_at', '', 'ended_at', '', 'exc_info', nothing)
if not values[2] then call('HSET', KEYS[1], 'timeout', '180') end
if is_limited(fields) then
  -- RQ: it must get its slot anew, and does not go to the front for having run before.
  call('HSET', KEYS[1], 'enqueue_at_front', '0')
  fields.enqueue_at_front, fields.ended_at = nil, nil
  admit(job, fields, now)
  return { 'requeued', queue }
end
call('HSET', KEYS[1], 'status', 'queued', 'enqueued_at', now)
let_wait(job, fields.ttl)
call('RPUSH', queue_key(queue), job)
return { 'requeued', queue }
