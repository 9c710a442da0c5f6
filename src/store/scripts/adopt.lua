-- Takes over webhooks that a daemon noted and did not live to send.
-- KEYS: 1 hash of noted webhooks  2 hash of daemons
-- ARGV: 1 prefix  2 field  3 what the caller found there  4 the daemon that noted it  5 the same note in the caller's name
-- Returns: {"adopted"} | {"kept"} (its daemon is registered, or somebody else was first: nothing done)

if call('HEXISTS', KEYS[2], ARGV[4]) == 1 or call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return { 'kept' } end
call('HSET', KEYS[1], ARGV[2], ARGV[5])
return { 'adopted' }
