-- Goes on with releasing the dependents of jobs that had more of them than one call takes.
-- KEYS: 1 jobs whose dependents are not all released  2 dependents that are not decided on  3 mark of who is at it
-- ARGV: 1 prefix  2 now (RQ's text form)  3 caller  4 how long it may be silent, in milliseconds
-- Derived: dependents of the recorded jobs, their own keys and queues
-- Returns: {"done"} (nothing is left) | {"more"} | {"elsewhere"} (another is at it)

local releasing, deciding, mark, now, caller = KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3]

-- Some entries of a hash, which may be sparse.
local function some(hash)
  local cursor = '0'
  repeat
    local found = call('HSCAN', hash, cursor, 'COUNT', 10)
    if #found[2] > 0 then return found[2] end
    cursor = found[1]
  until cursor == '0'
  return {}
end

-- The set was kept for the release; now it lives as long as its job again.
local function let_go_of(parent)
  if call('HEXISTS', releasing, parent) == 1 then return end
  local ttl = is_job(parent) and call('TTL', job_key(parent))
  if not ttl then
    call('UNLINK', dependents_key(parent))
  elseif ttl > 0 then
    call('EXPIRE', dependents_key(parent), ttl)
  end
end

local function decide(job, state)
  call('HDEL', deciding, job)
  local cursor, server, parent = state:match('^(%d+) (%S+) (.*)$')
  if not parent then return end
  -- How the parent ended was looked at before.
  pcall(release_dependent, parent, job, 'finished', now, server == server_run() and cursor or '0')
  let_go_of(parent)
end

local function go_on(parent, state)
  local outcome, cursor, found, server = state:match('^(%l+) (%d+) ([01]) (%S+)$')
  if not outcome then return call('HDEL', releasing, parent) end
  if server ~= server_run() then cursor, found = '0', '0' end
  release_dependents(parent, outcome, now, cursor, found == '1')
  let_go_of(parent)
end

-- Two at once would leave the server to others less often.
if (call('GET', mark) or caller) ~= caller then return { 'elsewhere' } end

local entries = some(deciding)
for i = 1, math.min(#entries, 2 * DEPENDENTS_AT_ONCE), 2 do
  if looks_left > 0 then decide(entries[i], entries[i + 1]) end
end
if #entries == 0 then
  entries = some(releasing)
  if #entries > 0 then go_on(entries[1], entries[2]) end
end
if call('HLEN', releasing) + call('HLEN', deciding) == 0 then
  call('DEL', mark)
  return { 'done' }
end
call('SET', mark, caller, 'PX', ARGV[4])
return { 'more' }
