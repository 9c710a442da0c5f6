-- Fragment: daemons, their signs of life, and what their workers leave.

local function alive_key(daemon) return P .. 'rqd:alive:' .. daemon end
-- What the workers of a daemon had in hand when their names went to others.
local function left_key(daemon) return P .. 'rqd:left:' .. daemon end

-- Empties a worker's set of executions; what is still in it is left to whoever finds that daemon gone.
local function leave_executions(worker, worker_executions)
  if call('EXISTS', worker_executions) == 0 then return end
  local daemon = kind(worker) == 'hash' and call('HGET', worker, 'rqd_daemon')
  if daemon then
    call('SADD', left_key(daemon), unpack(call('SRANDMEMBER', worker_executions, 100)))
    call('EXPIRE', left_key(daemon), 86400)
  end
  call('DEL', worker_executions)
end
