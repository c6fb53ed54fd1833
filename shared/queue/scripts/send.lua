-- KEYS: queue. ARGV: id, body, group, priority. Returns 1 if the message was added.
local q, id = KEYS[1], ARGV[1]
local message = q .. ':m:' .. id
if redis.call('EXISTS', message) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first = redis.call('ZRANGE', q .. ':waiting', 0, 0)[1]
local least = 0
if first then
  least = tonumber(redis.call('HGET', q .. ':m:' .. string.sub(first, 18), 'rank')) or 0
end
local rank = least
local group = ARGV[3]
if group ~= '' then
  local last = redis.call('HGET', q .. ':ranks', group)
  if last then rank = math.max(tonumber(last) + 1, least) end
  redis.call('HSET', q .. ':ranks', group, rank)
end
-- Members of equal score are ordered as text: first in, first out by a number of fixed width.
local member = string.format('%016d:', redis.call('INCR', q .. ':sequence')) .. id
local score = rank - tonumber(ARGV[4]) * 1e12
redis.call('HSET', message, 'body', ARGV[2], 'member', member, 'score', score, 'rank', rank, 'reads', 0, 'sent', now)
redis.call('ZADD', q .. ':waiting', score, member)
redis.call('ZADD', q .. ':sent', now, id)
return 1
