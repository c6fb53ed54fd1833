-- KEYS: queue. Returns waiting, in flight, milliseconds since the oldest was sent.
local q = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expired = redis.call('ZCOUNT', q .. ':leased', '-inf', now)
local oldest = redis.call('ZRANGE', q .. ':sent', 0, 0, 'WITHSCORES')[2] or now
return {
  redis.call('ZCARD', q .. ':waiting') + expired,
  redis.call('ZCARD', q .. ':leased') - expired,
  math.max(0, now - tonumber(oldest)),
}
