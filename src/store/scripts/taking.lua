-- Fragment: ids on their way from a queue to the started registry, and back.

-- Exactly what the daemon takes for UTF-8. What is replaced leaves a letter, so that its neighbours do not meet.
local function is_utf8(text)
  if not text:find('[\128-\255]') then return true end
  for _, form in ipairs({ '[\194-\223][\128-\191]', '\224[\160-\191][\128-\191]', '[\225-\236\238\239][\128-\191][\128-\191]',
    '\237[\128-\159][\128-\191]', '\240[\144-\191][\128-\191][\128-\191]', '[\241-\243][\128-\191][\128-\191][\128-\191]',
    '\244[\128-\143][\128-\191][\128-\191]' }) do
    text = text:gsub(form, 'x')
  end
  return not text:find('[\128-\255]')
end

-- The registries are named after the job's origin; one that no client could read is as good as none.
local function origin_of(job, queue)
  local origin = call('HGET', job_key(job), 'origin')
  if not origin or origin == '' or not is_utf8(origin) then return queue end
  return origin
end

-- The job that an execution of this worker runs, if it runs one.
local function held(worker_executions, execution)
  for _, member in ipairs(call('SMEMBERS', worker_executions)) do
    if member:sub(-#execution - 1) == ':' .. execution then return member:sub(1, -#execution - 2) end
  end
end

-- The queue that an execution's job was taken from.
local function source_of(job, execution)
  return call('HGET', execution_key(job, execution), 'rqd_queue') or origin_of(job, '')
end

-- Ids that a wait moved to an intermediate list return to the head of their queue, if nobody else took them meanwhile. A client
-- that cancels a job takes its id out of the queue, and cannot know of this list.
local function put_back(queue, job)
  if call('LREM', intermediate_key(queue), 1, job) > 0 then
    local is_canceled = is_job(job) and call('HGET', job_key(job), 'status') == 'canceled'
    if not is_canceled then call('LPUSH', queue_key(queue), job) end
    -- RQ: its cleaner's mark lives for a day, and would have it fail the job at once when the id surfaces there again.
    call('DEL', intermediate_key(queue) .. ':first_seen:' .. job)
  end
end
