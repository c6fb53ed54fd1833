-- KEYS: queue. ARGV: milliseconds. Returns id, body, reads; nothing if no message waits.
local q = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expired = redis.call('ZRANGEBYSCORE', q .. ':leased', '-inf', now, 'LIMIT', 0, 100)
for _, id in ipairs(expired) do
  local fields = redis.call('HMGET', q .. ':m:' .. id, 'member', 'score', 'sent')
  redis.call('ZREM', q .. ':leased', id)
  if fields[1] then
    redis.call('ZADD', q .. ':waiting', fields[2], fields[1])
    redis.call('ZADD', q .. ':sent', fields[3], id)
  end
end
while true do
  local popped = redis.call('ZPOPMIN', q .. ':waiting')
  if not popped[1] then return {} end
  local id = string.sub(popped[1], 18)
  local message = q .. ':m:' .. id
  redis.call('ZREM', q .. ':sent', id)
  local body = redis.call('HGET', message, 'body')
  if body then
    redis.call('ZADD', q .. ':leased', now + tonumber(ARGV[1]), id)
    return {id, body, redis.call('HINCRBY', message, 'reads', 1)}
  end
end
