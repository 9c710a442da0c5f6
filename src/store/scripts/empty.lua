-- Deletes the jobs at the head of a queue, as RQ's Queue.empty does with all of them, and whatever else belongs to them.
-- KEYS: 1 queue
-- ARGV: 1 prefix  2 most jobs in this step  3 now (RQ's text form)
-- Derived: keys of the jobs, of their groups and of their rate limits
-- Returns: {"emptied", number of ids that were taken off, number that are left}

local ids, limited = call('LRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1), {}
for _, job in ipairs(ids) do
  local limit = kind(job_key(job)) == 'hash' and call('HGET', job_key(job), 'rate_limit_key')
  if limit and limit ~= '' then limited[#limited + 1] = { limit, job } end
  delete_job(job)
end
call('LTRIM', KEYS[1], #ids, -1)
-- Their slots go to those that wait for one: of this queue, that is to its end.
for _, it in ipairs(limited) do release(it[1], it[2], ARGV[3]) end
return { 'emptied', #ids, call('LLEN', KEYS[1]) }
