#!lua name=posthouse_parts
-- version 2
--
-- Parts of long inbound messages until all are there, and what is known of them after. keys[1] is a partition, by the hash of
-- the message's key (its conversation is not known before it is whole). Every function may be called again with the same
-- arguments.
--
--   ph:p:P:CH:KEY    hash    total, gen (makes the key unique: references are used again), meta, n parts that are here, told
--                            parts that were told at a time-out, done "1" once the whole is a message; of part K: pK its octets,
--                            wK "ts epoch" when and over which connection it came, and once it is done hK a digest in place of
--                            pK; tK octets that came once more (resent, or the next message's)
--   ph:p:P:CH:KEY\31GEN      a generation that is not over, and whose key was used again
--   ph:pd:P          zset    "CH KEY" by when its time is over; what is done has left it

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

local ASIDE = '\31'

local function digest(octets)
	return redis.sha1hex(octets):sub(1, 20)
end

-- {meta, gen, total, present, told, number, octets ...}. fill: a part that is missing may be one that was taken for a resend
-- of the message before.
local function parts_of(key, fill)
	local h, parts, present = {}, {}, 0
	local flat = call('HGETALL', key)
	for i = 1, #flat, 2 do h[flat[i]] = flat[i + 1] end
	local total = tonumber(h.total or 0)
	for k = 1, total do
		local octets = h['p' .. k] or (fill and h['t' .. k])
		if octets then
			present = present + 1
			parts[#parts + 1] = tostring(k)
			parts[#parts + 1] = octets
		end
	end
	local out = {h.meta or '', h.gen or '0', tostring(total), tostring(present), h.told or '0'}
	for _, x in ipairs(parts) do out[#out + 1] = x end
	return out
end

-- Whether the same octets once more are the peer's second try: over another connection than before, and where it cannot have
-- our answer for sure.
local function is_resend(came, epoch, resend_after)
	local ts, before = (came or '0 '):match('^(%d+) (.*)$')
	return epoch == '' or (before ~= epoch and tonumber(ts) >= tonumber(resend_after))
end

-- The key is wanted for another message. What is not over yet keeps its octets and its time under a name of its own; returns
-- what came once more of what is over.
local function set_aside(P, name, key, gen, over, now)
	local again = {}
	if over == 'done' then
		local flat = call('HGETALL', key)
		for i = 1, #flat, 2 do
			if flat[i]:sub(1, 1) == 't' and flat[i]:match('^t%d+$') then
				again[#again + 1] = flat[i]
				again[#again + 1] = flat[i + 1]
			end
		end
	end
	if over then
		call('DEL', key)
	else
		local due = call('ZSCORE', 'ph:pd:' .. P, name)
		call('RENAME', key, key .. ASIDE .. gen)
		call('ZADD', 'ph:pd:' .. P, due or now, name .. ASIDE .. gen)
	end
	call('ZREM', 'ph:pd:' .. P, name)
	return again
end

-- Makes room: where too many wait for their rest, the oldest is told now. False: there are far too many.
local function has_room(P, now, most)
	local count = call('ZCARD', 'ph:pd:' .. P)
	if count < most then return true end
	local oldest = call('ZRANGEBYSCORE', 'ph:pd:' .. P, '(' .. now, '+inf', 'LIMIT', 0, 1)[1]
	if oldest then call('ZADD', 'ph:pd:' .. P, 'XX', now, oldest) end
	return count < 2 * most
end

-- Keeps a part; the answer holds all parts when it was the last one missing, also when it comes again before they are a message.
-- Other octets under a number that is there begin a new message, and so do the same ones where nobody can have resent them:
-- references are used again. A part that comes after the message was told incomplete mends it: its time begins anew.
-- args: channel key number total octets meta now timeout keep_ms(done) keep_ms(open) epoch resend_after most
-- returns {}, {full} or {meta, gen, total, present, told, number, octets ...}
local function part(keys, v)
	local P, name, k, now = keys[1], v[1] .. ' ' .. v[2], v[3], tonumber(v[7])
	local key, due = 'ph:p:' .. P .. ':' .. v[1] .. ':' .. v[2], 'ph:pd:' .. P
	local h = call('HMGET', key, 'total', 'gen', 'n', 'told', 'done', 'p' .. k, 'h' .. k, 'w' .. k)
	local total, gen, n, told, done, octets, hash = unpack(h)
	local again = {}
	if octets or hash then
		local over = done and 'done' or (told and told == n and tonumber(n) < tonumber(total) and 'told') or nil
		local same = octets == v[5] or (hash and hash == digest(v[5]))
		if same and (not over or is_resend(h[8], v[11], v[12])) then
			if done then
				call('HSET', key, 't' .. k, v[5])
			elseif n == total then
				return parts_of(key)
			end
			return {}
		end
		again = set_aside(P, name, key, gen, over, now)
		total, n = nil, nil
	end
	if not total then
		if not has_room(P, now, tonumber(v[13])) then return {'full'} end
		gen = math.max(now, tonumber(gen or 0) + 1)
		call('HSET', key, 'total', v[4], 'gen', string.format('%d', gen), 'meta', v[6])
		if #again > 0 then call('HSET', key, unpack(again)) end
	end
	n = tonumber(n or 0) + 1
	call('HSET', key, 'n', n, 'p' .. k, v[5], 'w' .. k, v[7] .. ' ' .. v[11])
	call('PEXPIRE', key, v[10])
	if n < tonumber(v[4]) then
		call('ZADD', due, 'NX', now + tonumber(v[8]), name)
		return {}
	end
	call('ZADD', due, now + tonumber(v[8]), name) -- until it is a message
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
		local parts = parts_of('ph:p:' .. P .. ':' .. channel .. ':' .. key, true)
		if parts[3] == '0' or parts[4] == parts[5] then
			call('ZREM', 'ph:pd:' .. P, name)
		else
			out[#out + 1] = name
			out[#out + 1] = parts
		end
	end
	return out
end

-- All parts are a message: of their octets only digests are kept, to know a resend.
local function shrink(key, keep)
	local h, gone = {}, {'told'}
	local flat = call('HGETALL', key)
	for i = 1, #flat, 2 do
		local kind, k = flat[i]:match('^([pt])(%d+)$')
		if kind then
			gone[#gone + 1] = flat[i]
			if kind == 'p' or not h[k] then h[k] = digest(flat[i + 1]) end
		end
	end
	local set = {'done', '1'}
	for k, hash in pairs(h) do
		set[#set + 1] = 'h' .. k
		set[#set + 1] = hash
	end
	call('HSET', key, unpack(set))
	call('HDEL', key, unpack(gone))
	call('PEXPIRE', key, keep)
end

-- What was told of a generation, `present` parts, is durable. args: channel key gen present keep_ms(done)
-- keep_ms(told, for the rest)
local function part_done(keys, v)
	local P, aside = keys[1], ''
	local base, name = 'ph:p:' .. P .. ':' .. v[1] .. ':' .. v[2], v[1] .. ' ' .. v[2]
	if call('HGET', base, 'gen') ~= v[3] and not v[2]:find(ASIDE, 1, true) then aside = ASIDE .. v[3] end
	local key = base .. aside
	local h = call('HMGET', key, 'gen', 'total', 'n')
	if h[1] ~= v[3] then return 0 end
	local whole = tonumber(v[4]) >= tonumber(h[2])
	if aside ~= '' or v[2]:find(ASIDE, 1, true) then
		call('DEL', key)
	elseif whole then
		shrink(key, v[5])
	else
		call('HSET', key, 'told', v[4])
		call('PEXPIRE', key, v[6])
		if tonumber(h[3]) > tonumber(v[4]) then return 1 end
	end
	call('ZREM', 'ph:pd:' .. P, name .. aside)
	return 1
end

redis.register_function('ph_part', part)
redis.register_function('ph_parts_due', parts_due)
redis.register_function('ph_part_done', part_done)
