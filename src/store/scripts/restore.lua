-- Gives ids that a wait surfaced, and that nobody will run now, back to the head of their queues.
-- KEYS: none that are fixed
-- ARGV: 1 prefix  2.. pairs of queue and id
-- Derived: queues and intermediate lists
-- Returns: {"restored"}

for i = 2, #ARGV, 2 do put_back(ARGV[i], ARGV[i + 1]) end
return { 'restored' }
