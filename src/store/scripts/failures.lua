-- Fragment: how long failures are kept.

-- RQ: how long a failed job is kept that does not say it.
local YEAR = 31536000

-- What the caller's configuration says: "ttl" for jobs that do not say it, and "most" for all; each may be absent.
local failures = {}

-- A failed job's time by its own word or the configuration's: seconds, -1 for ever; nothing when nobody says one.
local function failure_ttl(job)
  local ttl, most = seconds(call('HGET', job_key(job), 'failure_ttl')) or failures.ttl, failures.most
  if not most then return ttl end
  ttl = ttl or YEAR
  return ttl < 0 and most or math.min(ttl, most)
end
