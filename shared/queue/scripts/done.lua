-- KEYS: queue. ARGV: id, reads (0: whoever holds it). Returns 1 if the message was removed.
local q, id = KEYS[1], ARGV[1]
local message = q .. ':m:' .. id
local fields = redis.call('HMGET', message, 'reads', 'member')
if not fields[1] or (ARGV[2] ~= '0' and fields[1] ~= ARGV[2]) then return 0 end
redis.call('DEL', message)
redis.call('ZREM', q .. ':leased', id)
redis.call('ZREM', q .. ':sent', id)
redis.call('ZREM', q .. ':waiting', fields[2])
if redis.call('ZCARD', q .. ':waiting') == 0 and redis.call('ZCARD', q .. ':leased') == 0 then
  redis.call('DEL', q .. ':ranks')
end
return 1
