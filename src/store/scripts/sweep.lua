-- Puts ids that were stranded in a queue's intermediate list back on the queue, unless they are running or were taken meanwhile.
-- KEYS: 1 started registry of the queue
-- ARGV: 1 prefix  2 queue  3.. ids that the caller saw there for long enough
-- Derived: queue, intermediate list, jobs and their executions
-- Returns: {"swept", id put back ...}

local wip, queue = KEYS[1], ARGV[2]

local swept = { 'swept' }
for i = 3, #ARGV do
  local job = ARGV[i]
  if runs(wip, job) then
    -- Its horse has not reported yet (a Python worker), or the claim already took the id out (ours): either way it is not stranded.
  elseif is_over(job) then
    call('LREM', intermediate_key(queue), 1, job)
  else
    put_back(queue, job)
    swept[#swept + 1] = job
  end
end
return swept
