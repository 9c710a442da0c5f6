-- Changes what others read of a worker: its queues, and fields of its hash.
-- KEYS: 1 worker  2.. set of workers of each queue that it leaves, then of each that it serves
-- ARGV: 1 prefix  2 identity of this worker  3 number of queues that it leaves  4 lifetime in seconds  5.. pairs of field and value
-- Returns: {"changed"} | {"foreign"} (the name belongs to nobody, or to another worker now; nothing was changed)

local worker, left = KEYS[1], tonumber(ARGV[3])

if call('HGET', worker, 'rqd_identity') ~= ARGV[2] or call('HEXISTS', worker, 'death') == 1 then return { 'foreign' } end
call('HSET', worker, unpack(ARGV, 5))
call('EXPIRE', worker, math.max(tonumber(ARGV[4]), call('TTL', worker)))
for i = 2, #KEYS do call(i <= left + 1 and 'SREM' or 'SADD', KEYS[i], worker) end
return { 'changed' }
