-- Gives back every lock that a scheduler still holds, and removes its hash.
-- KEYS: 1 scheduler's hash  2.. locks
-- ARGV: 1 prefix  2 scheduler's name
-- Returns: {"let go"}

for i = 2, #KEYS do
  if call('GET', KEYS[i]) == ARGV[2] then call('DEL', KEYS[i]) end
end
call('DEL', KEYS[1])
return { 'let go' }
