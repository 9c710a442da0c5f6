-- Notes that a claimed job goes to a work horse: from now on nobody can tell how much of it was done.
-- KEYS: none that are fixed
-- ARGV: 1 prefix  2 job  3 execution  4 daemon
-- Derived: the job
-- Returns: {"noted"} | {"over"} (this execution does not run the job any more: nothing was changed)

local job, execution, daemon = ARGV[2], ARGV[3], ARGV[4]

local mark = execution .. ' ' .. daemon .. ' '
if kind(job_key(job)) ~= 'hash' or call('HGET', job_key(job), RUN) ~= mark .. 'claimed' then return { 'over' } end
call('HSET', job_key(job), RUN, mark .. 'handed')
return { 'noted' }
