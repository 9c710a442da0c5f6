-- Reads what a list tells of jobs: some fields, and the beginning of the payload, in which the function's name stands.
-- KEYS: 1.. jobs
-- ARGV: 1 prefix  2 most bytes of the payload that are told  3 how long a payload may be to be looked into
--       4.. names of the fields
-- Returns: {"skimmed", for each job {payload, field ...} or {} where there is none}; absent fields are "", and so is what is
--          too long. There may be fewer than jobs: for the rest it is to be asked again

-- A value is copied as a whole, however little of it is told. So many bytes in one script hold nobody up; one more comes in any case.
local AT_ONCE = 4194304
-- A field that is longer tells people nothing.
local LONGEST_FIELD = 1048576

local cut, longest, names, reply, copied = tonumber(ARGV[2]), tonumber(ARGV[3]), {}, { 'skimmed' }, 0
for i = 4, #ARGV do names[#names + 1] = ARGV[i] end

local function beginning(job, name, most, bytes)
  local length = redis.call('HSTRLEN', job, name)
  if length > most then return '' end
  copied = copied + length
  return (redis.call('HGET', job, name) or ''):sub(1, bytes)
end

for _, job in ipairs(KEYS) do
  if copied >= AT_ONCE then break end
  local told = {}
  -- What cannot be read is left as it is: whoever looks must not change anything. RQ: without `data` it is no job.
  if kind(job) == 'hash' and redis.call('HEXISTS', job, 'data') == 1 then
    told[1] = beginning(job, 'data', longest, cut)
    for _, name in ipairs(names) do told[#told + 1] = beginning(job, name, LONGEST_FIELD, 2000) end
  end
  reply[#reply + 1] = told
end
return reply
