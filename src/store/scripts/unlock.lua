-- Gives back every lock that a scheduler still holds, and removes its hash.
-- KEYS: 1 scheduler's hash  2.. locks
-- ARGV: 1 prefix  2 scheduler's name
-- Returns: {"unlocked"}

for i = 2, #KEYS do
  if kind(KEYS[i]) == 'string' and redis.call('GET', KEYS[i]) == ARGV[2] then redis.call('DEL', KEYS[i]) end
end
redis.call('DEL', KEYS[1])
return { 'unlocked' }
