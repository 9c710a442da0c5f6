-- Reads what a list tells of jobs: some fields, and the beginning of the payload, in which the function's name stands.
-- KEYS: 1.. jobs
-- ARGV: 1 prefix  2 most bytes of the payload  3.. names of the fields
-- Returns: {"skimmed", for each job {payload, field ...} or {} where there is none}; absent fields are ""

local cut, names, reply = tonumber(ARGV[2]), {}, { 'skimmed' }
for i = 3, #ARGV do names[#names + 1] = ARGV[i] end
for _, job in ipairs(KEYS) do
  local told = {}
  -- What cannot be read is left as it is: whoever looks must not change anything. RQ: without `data` it is no job.
  local data = kind(job) == 'hash' and redis.call('HGET', job, 'data')
  if data then
    told[1] = data:sub(1, cut)
    for _, value in ipairs(redis.call('HMGET', job, unpack(names))) do told[#told + 1] = (value or ''):sub(1, 2000) end
  end
  reply[#reply + 1] = told
end
return reply
