-- KEYS: queue. ARGV: id, reads (0: whoever holds it), milliseconds. Returns 1 if the lease was held.
local q, id = KEYS[1], ARGV[1]
local fields = redis.call('HMGET', q .. ':m:' .. id, 'reads', 'member', 'score', 'sent')
if not fields[1] or (ARGV[2] ~= '0' and fields[1] ~= ARGV[2]) then return 0 end
if not redis.call('ZSCORE', q .. ':leased', id) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(ARGV[3]) > 0 then
  redis.call('ZADD', q .. ':leased', now + tonumber(ARGV[3]), id)
else
  redis.call('ZREM', q .. ':leased', id)
  redis.call('ZADD', q .. ':waiting', fields[3], fields[2])
  redis.call('ZADD', q .. ':sent', fields[4], id)
end
return 1
