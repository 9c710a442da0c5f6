-- Takes a daemon that is gone, and its workers, out of the registers.
-- KEYS: 1 hash of daemons  2 sign of life of the daemon  3 set of workers
-- ARGV: 1 prefix  2 daemon  3 now (RQ's text form)  4 "farewell" when the daemon says it itself, else ""  5.. names of its workers
-- Derived: what they left, the workers, their executions and the sets of workers of their queues
-- Returns: {"buried"} | {"alive"} (it gave a sign after all: nothing was done)

local daemons, alive, workers = KEYS[1], KEYS[2], KEYS[3]
local daemon, now, farewell = ARGV[2], ARGV[3], ARGV[4]

if farewell == '' and call('EXISTS', alive) == 1 then return { 'alive' } end
call('HDEL', daemons, daemon)
call('DEL', alive, left_key(daemon))
for i = 5, #ARGV do
  local worker = P .. 'worker:' .. ARGV[i]
  -- The name may be another's by now.
  if farewell == '' and kind(worker) == 'hash' and call('HGET', worker, 'rqd_daemon') == daemon then
    call('SREM', workers, worker)
    for queue in (call('HGET', worker, 'queues') or ''):gmatch('[^,]+') do
      call('SREM', P .. 'workers:' .. queue, worker)
    end
    call('HSET', worker, 'death', now)
    call('EXPIRE', worker, 60)
  end
end
return { 'buried' }
