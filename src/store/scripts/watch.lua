-- Renews a daemon's sign of life, and looks for what others left behind; one daemon looks at a time.
-- KEYS: 1 life sign of this daemon  2 hash of daemons  3 mark of who looks
-- ARGV: 1 prefix  2 daemon  3 who it is, for others to read  4 how long its sign lasts, in milliseconds
--       5 how long the others leave the looking to it, in milliseconds; 0 to look whoever does  6.. queues
-- Derived: started registries and intermediate lists of the queues, signs of the other daemons
-- Returns: {"watched", number of daemons, then of each its id, what it wrote of itself and 1 while its sign lasts,
--          number of records of what is left to `release`, number of executions whose webhooks are noted,
--          then of each queue: number of leases that have ended, number of ids in its intermediate list, those ids}

local alive, daemons, watcher = KEYS[1], KEYS[2], KEYS[3]
local daemon, card, life, turn = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
-- The most that one look tells of anything.
local MOST = 1000

call('SET', alive, card, 'PX', life)

local found, is_listed = { 'watched', 0 }, false
if turn == '0' or call('SET', watcher, daemon, 'NX', 'PX', turn) then
  local others = call('HGETALL', daemons)
  for i = 1, math.min(#others, 2 * MOST), 2 do
    if others[i] == daemon then
      is_listed = others[i + 1] == card
    else
      found[2] = found[2] + 1
      found[#found + 1] = others[i]
      found[#found + 1] = others[i + 1]
      found[#found + 1] = call('EXISTS', alive_key(others[i]))
    end
  end
end
if not is_listed then call('HSET', daemons, daemon, card) end

-- Mostly there is nothing of all this, which one question tells.
local places = { P .. 'rqd:releasing', P .. 'rqd:deciding', P .. 'rqd:webhooks' }
for i = 6, #ARGV do
  places[#places + 1], places[#places + 2] = registry_key('wip', ARGV[i]), intermediate_key(ARGV[i])
end
local is_any = false
for i = 1, #places, MOST do is_any = is_any or call('EXISTS', unpack(places, i, math.min(i + MOST - 1, #places))) > 0 end
local function kind_of(key) return is_any and kind(key) or 'none' end
local function records(hash) return kind_of(P .. hash) == 'hash' and call('HLEN', P .. hash) or 0 end
found[#found + 1] = records('rqd:releasing') + records('rqd:deciding')
found[#found + 1] = records('rqd:webhooks')
for i = 6, #ARGV do
  local wip, intermediate = registry_key('wip', ARGV[i]), intermediate_key(ARGV[i])
  found[#found + 1] = kind_of(wip) == 'zset' and call('ZCOUNT', wip, 0, server_seconds()) or 0
  local ids = kind_of(intermediate) == 'list' and call('LRANGE', intermediate, 0, MOST - 1) or {}
  found[#found + 1] = #ids
  for _, id in ipairs(ids) do found[#found + 1] = id end
end
return found
