-- Takes some of what has expired out of a registry.
-- KEYS: 1 registry
-- ARGV: 1 prefix  2 most entries at once
-- Returns: {"purged", number of entries}

local expired = call('ZRANGEBYSCORE', KEYS[1], 0, server_seconds(), 'LIMIT', 0, ARGV[2])
if #expired > 0 then call('ZREM', KEYS[1], unpack(expired)) end
return { 'purged', #expired }
