-- Enqueues jobs that nothing holds back any more: whoever made them ready died before it could.
-- KEYS: 1 ready registry of the queue
-- ARGV: 1 prefix  2 now (RQ's text form)  3.. ids that the caller saw there
-- Derived: jobs, their queues, keys of limited concurrency
-- Returns: {"enqueued", id ...}

local ready, now = KEYS[1], ARGV[2]

local enqueued = { 'enqueued' }
for i = 3, #ARGV do
  local job = ARGV[i]
  local was_there = call('ZREM', ready, job) == 1
  local fields = is_job(job) and fields_of(job) or {}
  if was_there and fields.status == 'ready_to_enqueue' and fields.origin then
    enqueue_dependent(job, fields, now)
    enqueued[#enqueued + 1] = job
  end
end
return enqueued
