-- Takes members out of a set whose own keys are gone.
-- KEYS: 1 set  2 the set of those sets, or the second set that holds the same members
-- ARGV: 1 prefix  2 "workers" (members are keys), "jobs" (members are ids of jobs: the first set is a group of theirs)
--       3 name of the group, or ""  4.. members that the caller saw
-- Derived: the members' own keys
-- Returns: {"forgotten", number of members}

local set, other, what, group = KEYS[1], KEYS[2], ARGV[2], ARGV[3]

local forgotten = 0
for i = 4, #ARGV do
  local gone = call('EXISTS', what == 'jobs' and job_key(ARGV[i]) or ARGV[i]) == 0
  if gone then
    forgotten = forgotten + call('SREM', set, ARGV[i])
    if what == 'workers' then call('SREM', other, ARGV[i]) end
  end
end
-- A set without members is gone itself.
if what == 'jobs' and call('EXISTS', set) == 0 then call('SREM', other, group) end
return { 'forgotten', forgotten }
