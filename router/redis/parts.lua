#!lua name=posthouse_parts
-- version 1
--
-- Parts of long inbound messages until all are there. keys[1] is a partition, by the hash of the message's key (its
-- conversation is not known before it is whole). Every function may be called again with the same arguments.
--
--   ph:p:P:CH:KEY    hash    total, gen (makes the key unique: references are used again), meta, and the parts by number
--   ph:pd:P          zset    "CH KEY" by when its time is over

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

local function parts_of(key)
	local h = call('HGETALL', key)
	local out = {'', '0', '0', '0'}
	local parts = {}
	for i = 1, #h, 2 do
		local name = h[i]
		if name == 'meta' then out[1] = h[i + 1]
		elseif name == 'gen' then out[2] = h[i + 1]
		elseif name == 'total' then out[3] = h[i + 1]
		else
			parts[#parts + 1] = name
			parts[#parts + 1] = h[i + 1]
		end
	end
	out[4] = tostring(#parts / 2)
	for _, x in ipairs(parts) do out[#out + 1] = x end
	return out
end

-- Keeps a part; the answer holds all parts when it was the last one missing, also when it comes again.
-- A part with other octets under the same number begins a new message: references are used again.
-- A part that comes after the message was told incomplete sets its deadline again: what is there is told again then.
-- args: channel key number total octets meta now timeout keep_ms(whole) keep_ms(incomplete); returns {} or {meta, gen, total, present, number, octets ...}
local function part(keys, v)
	local P, key = keys[1], 'ph:p:' .. keys[1] .. ':' .. v[1] .. ':' .. v[2]
	local h = call('HMGET', key, v[3], 'total', 'gen')
	if h[1] and h[1] ~= v[5] then
		call('DEL', key)
		h[2], h[3] = false, tostring(tonumber(h[3]) + 1)
	end
	if not h[2] then
		call('HSET', key, 'total', v[4], 'gen', h[3] or v[7], 'meta', v[6])
	end
	call('HSET', key, v[3], v[5])
	if call('HLEN', key) - 3 < tonumber(v[4]) then
		if h[1] ~= v[5] then
			call('ZADD', 'ph:pd:' .. P, 'NX', tonumber(v[7]) + tonumber(v[8]), v[1] .. ' ' .. v[2])
		end
		call('PEXPIRE', key, v[10])
		return {}
	end
	call('PEXPIRE', key, v[9])
	call('ZREM', 'ph:pd:' .. P, v[1] .. ' ' .. v[2])
	return parts_of(key)
end

-- Long messages whose time is over. They stay until the caller has received them (part_done).
-- args: now max retry_ms; returns {"CH KEY", parts} ...
local function parts_due(keys, v)
	local P = keys[1]
	local due = call('ZRANGEBYSCORE', 'ph:pd:' .. P, '-inf', v[1], 'LIMIT', 0, v[2])
	local out = {}
	for _, name in ipairs(due) do
		local channel, key = name:match('^(%S+) (.*)$')
		call('ZADD', 'ph:pd:' .. P, tonumber(v[1]) + tonumber(v[3]), name)
		local parts = parts_of('ph:p:' .. P .. ':' .. channel .. ':' .. key)
		if parts[3] == '0' then
			call('ZREM', 'ph:pd:' .. P, name)
		else
			out[#out + 1] = name
			out[#out + 1] = parts
		end
	end
	return out
end

-- args: channel key
local function part_done(keys, v)
	return call('ZREM', 'ph:pd:' .. keys[1], v[1] .. ' ' .. v[2])
end

redis.register_function('ph_part', part)
redis.register_function('ph_parts_due', parts_due)
redis.register_function('ph_part_done', part_done)
