-- Takes and renews the locks of a scheduler, and keeps its hash alive while it holds any.
-- KEYS: 1 scheduler's hash  2.. locks
-- ARGV: 1 prefix  2 scheduler's name  3 lifetime in seconds
--       4.. for each lock the name of a holder that is known to be gone, or ""; then pairs of field and value for the hash
-- Derived: hashes of the schedulers that hold the locks
-- Returns: {"held", four for each lock: "acquired" | "refreshed" | "taken", name of the holder, "known" or "unknown" (whether
--          it has a hash), identity of the holder or ""}

local own_hash, own, lifetime = KEYS[1], ARGV[2], ARGV[3]

-- RQ 1 and 2.6 write a process number, which has no hash.
local function facts_of(holder)
  local hash = P .. 'scheduler:' .. holder
  if kind(hash) ~= 'hash' then return 'unknown', '' end
  return 'known', call('HGET', hash, 'rqd_identity') or ''
end

local reply, holds_any = { 'held' }, false
local function tell(...)
  for _, item in ipairs({ ... }) do reply[#reply + 1] = item end
end

for i = 2, #KEYS do
  local lock, gone = KEYS[i], ARGV[i + 2]
  local holder = call('GET', lock)
  if holder == own then
    call('EXPIRE', lock, lifetime)
    holds_any = true
    tell('refreshed', own, 'known', '')
  elseif not holder or (gone ~= '' and holder == gone) then
    call('SET', lock, own, 'EX', lifetime)
    holds_any = true
    tell('acquired', holder or '', 'unknown', '')
  else
    tell('taken', holder, facts_of(holder))
  end
end

if holds_any then
  call('HSET', own_hash, unpack(ARGV, #KEYS + 3))
  call('EXPIRE', own_hash, lifetime)
end
return reply
