-- Fragment: how a job goes, with all that belongs to it.

-- Dependents that are still to be released outlive it.
local function delete_job(job, keeps_dependents)
  local group = kind(job_key(job)) == 'hash' and call('HGET', job_key(job), 'group_id')
  if group and group ~= '' then call('SREM', P .. 'group:' .. group, job) end
  -- In the background: a set may be huge.
  call('UNLINK', job_key(job), dependencies_key(job), results_key(job), executions_key(job))
  if not keeps_dependents then call('UNLINK', dependents_key(job)) end
end

-- The same of one that does not run, whatever is left of its executions; jobs that wait for it go on waiting.
local function delete_idle_job(job, queue)
  for _, execution in ipairs(call('ZRANGE', executions_key(job), 0, -1)) do
    local worker = call('HGET', execution_key(job, execution), 'worker_name') or ''
    end_execution(job, execution, queue, P .. 'worker:' .. worker .. ':executions')
  end
  delete_job(job)
end
