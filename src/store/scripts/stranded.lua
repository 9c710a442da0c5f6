-- Fragment: ids that stand in a queue's intermediate list though nobody claims them.

-- RQ: before 2.0 a member of the started registry was the bare id.
local function runs(wip, job)
  if call('ZSCORE', wip, job) then return true end
  for _, execution in ipairs(call('ZRANGE', executions_key(job), 0, 99)) do
    if call('ZSCORE', wip, job .. ':' .. execution) then return true end
  end
  return false
end

-- What has ended, or waits elsewhere, was left there by a worker that died between two steps: it must not run once more.
local ELSEWHERE = { finished = true, failed = true, stopped = true, canceled = true, scheduled = true, deferred = true }

local function is_over(job)
  return not is_job(job) or ELSEWHERE[call('HGET', job_key(job), 'status')]
end
