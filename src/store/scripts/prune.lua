-- Takes ids out of a queue or a registry whose jobs are gone.
-- KEYS: 1 queue or registry
-- ARGV: 1 prefix  2.. ids that the caller saw near its beginning
-- Derived: the jobs
-- Returns: {"pruned", number of ids}

local place, pruned = KEYS[1], 0
local is_list = kind(place) == 'list'
for i = 2, #ARGV do
  -- What is there and is no job is not ours to judge.
  local kind_of_job = kind(job_key(ARGV[i]))
  if kind_of_job == 'none' or (kind_of_job == 'hash' and not is_job(ARGV[i])) then
    pruned = pruned + (is_list and call('LREM', place, 1, ARGV[i]) or call('ZREM', place, ARGV[i]))
  end
end
return { 'pruned', pruned }
