-- Deletes the jobs at the head of a queue, as RQ's Queue.empty does with all of them: job, results, list of dependents.
-- KEYS: 1 queue
-- ARGV: 1 prefix  2 most jobs in this step
-- Derived: keys of the jobs
-- Returns: {"emptied", number of ids that were taken off, number that are left}

local ids = call('LRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)
for _, job in ipairs(ids) do call('UNLINK', job_key(job), results_key(job), dependents_key(job)) end
call('LTRIM', KEYS[1], #ids, -1)
return { 'emptied', #ids, call('LLEN', KEYS[1]) }
