-- KEYS: queue. ARGV: id, reads (0: whoever holds it), milliseconds. Returns 1 if the lease is held.
local q, id = KEYS[1], ARGV[1]
local reads = redis.call('HGET', q .. ':m:' .. id, 'reads')
if not reads or (ARGV[2] ~= '0' and reads ~= ARGV[2]) then return 0 end
if not redis.call('ZSCORE', q .. ':leased', id) then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', q .. ':leased', time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[3]), id)
return 1
