-- Puts ids that were stranded in a queue's intermediate list back on the queue, unless they are running or were taken meanwhile.
-- KEYS: 1 started registry of the queue
-- ARGV: 1 prefix  2 queue  3.. ids that the caller saw there for long enough
-- Derived: queue, intermediate list, jobs and their executions
-- Returns: {"swept", id put back ...}

local wip, queue = KEYS[1], ARGV[2]

-- RQ: before 2.0 a member was the bare id.
local function runs(job)
  if call('ZSCORE', wip, job) then return true end
  for _, execution in ipairs(call('ZRANGE', executions_key(job), 0, 99)) do
    if call('ZSCORE', wip, job .. ':' .. execution) then return true end
  end
  return false
end

-- What has ended, or waits elsewhere, was left here by a worker that died between two steps: it must not run once more.
local ELSEWHERE = { finished = true, failed = true, stopped = true, canceled = true, scheduled = true, deferred = true }

local swept = { 'swept' }
for i = 3, #ARGV do
  local job = ARGV[i]
  if runs(job) then
    -- Its horse has not reported yet (a Python worker), or the claim already took the id out (ours): either way it is not stranded.
  elseif not is_job(job) or ELSEWHERE[call('HGET', job_key(job), 'status')] then
    call('LREM', intermediate_key(queue), 1, job)
  else
    put_back(queue, job)
    swept[#swept + 1] = job
  end
end
return swept
