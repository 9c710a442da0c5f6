-- Gives back, to the heads of their queues, what a worker took and will not run now.
-- KEYS: 1 worker's executions
-- ARGV: 1 prefix  2 execution that a claim without an answer may have begun, or ""  3 worker name  4 now (RQ's text form)
--       5.. pairs of queue and id that a wait surfaced
-- Derived: queues and intermediate lists; the execution's job, its records and registry
-- Returns: {"restored"}

local worker_executions, execution, name, now = KEYS[1], ARGV[2], ARGV[3], ARGV[4]

local function unclaim(job)
  local queue = source_of(job, execution)
  local origin = origin_of(job, queue)
  if not holds(job, execution, origin, name) then return end
  end_execution(job, execution, origin, worker_executions)
  if is_job(job) then run_again(job, { queue = queue, delay = 0, at_front = true }, now) end
end

for i = 5, #ARGV, 2 do put_back(ARGV[i], ARGV[i + 1]) end
local job = execution ~= '' and held(worker_executions, execution)
if job then unclaim(job) end
return { 'restored' }
