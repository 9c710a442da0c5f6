-- Reads the newest entries of result streams; of a value that is long, only its beginning is sent.
-- KEYS: 1.. streams
-- ARGV: 1 prefix  2 most entries of each  3 most bytes of a value
-- Returns: {"results", for each stream {entries there are, {id, name, length, value, name ...} ...}}; a stream that is none has none

local most, cut = ARGV[2], tonumber(ARGV[3])

local reply = { 'results' }
for _, stream in ipairs(KEYS) do
  local told = { 0 }
  -- What cannot be read is left as it is: whoever looks must not change anything.
  if kind(stream) == 'stream' then
    told[1] = redis.call('XLEN', stream)
    for _, entry in ipairs(redis.call('XREVRANGE', stream, '+', '-', 'COUNT', most)) do
      local one = { entry[1] }
      for i = 1, #entry[2], 2 do
        local name, value = entry[2][i], entry[2][i + 1]
        one[#one + 1], one[#one + 2], one[#one + 3] = name:sub(1, 100), #value, value:sub(1, cut)
      end
      told[#told + 1] = one
    end
  end
  reply[#reply + 1] = told
end
return reply
