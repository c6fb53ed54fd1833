-- KEYS: queue. ARGV: first, last, as LRANGE takes them. Returns the bodies that wait, in order.
local q, bodies = KEYS[1], {}
for i, member in ipairs(redis.call('ZRANGE', q .. ':waiting', ARGV[1], ARGV[2])) do
  bodies[i] = redis.call('HGET', q .. ':m:' .. string.sub(member, 18), 'body') or ''
end
return bodies
