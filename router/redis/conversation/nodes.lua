
-- ---------------------------------------------------------------- what dead nodes had in hand

-- What became of a message's parts that have no outcome yet is unknown.
local function lose(k, now, seq, opt)
	local letters = open_letters(k.h, seq) or 'g'
	for part = 0, #letters - 1 do
		if letters:sub(part + 1, part + 1) == 'g' then
			settle(k, now, seq, part, #letters, 'n', {cd = 'node_lost'}, opt, true)
		end
	end
end

-- By its class a message goes back to its lane, marked, or is unknown until the peer tells. Once: what was sent twice and
-- has no answer yet may be what kills nodes. Not when the peer took a part of it.
local function reap_one(P, channel, field, owner, now, opt, w)
	local C, seq = field:match('^(%S+) (%d+)$')
	local k = open_conversation(P, C)
	if not k.h then return end
	if owner.hold or owner.doubled == 1 or (open_letters(k.h, tonumber(seq)) or ''):find('[sdr]') then
		lose(k, now, tonumber(seq), opt)
	else
		give_back(k, channel, tonumber(seq), owner, owner.attempts, 1, now, opt, w)
	end
	save(k, opt.log_max)
end

local function reap_channel(P, channel, now, opt, left)
	local flights, living, cursor, w = 'ph:f:' .. P .. ':' .. channel, {}, '0', together()
	repeat
		local page = call('HSCAN', flights, cursor, 'COUNT', 100)
		cursor = page[1]
		for j = 1, #page[2], 2 do
			local field, owner = page[2][j], owner_parse(page[2][j + 1])
			local node = owner and owner.node
			if owner and living[node] == nil then living[node] = alive(P, node) or false end
			-- A scan may show a field twice.
			if owner and not living[node] and call('HDEL', flights, field) == 1 then
				left = left - 1
				or_dead(P, channel, field, now, reap_one, P, channel, field, owner, now, opt, w)
			end
		end
	until cursor == '0' or left <= 0
	write_back(P, w, true)
	return left
end

-- What dead nodes had in hand for a channel; also lets go of ids whose receipts are too late.
-- args: now log_max outbox max channel...; returns {channel, lane, ...} that have work
local function reap(keys, v)
	local P, now, left = keys[1], tonumber(v[1]), tonumber(v[4])
	local out = {}
	for i = 5, #v do
		left = reap_channel(P, v[i], now, {log_max = tonumber(v[2]), outbox = v[3] == '1', channel = v[i]}, left)
		local old = span_of(now) - SPANS - 1
		call('UNLINK', id_key(P, v[i], old), id_key(P, v[i], old - 1), early_key(P, v[i], old), early_key(P, v[i], old - 1))
		for lane = 0, 2 do
			if call('EXISTS', 'ph:q:' .. P .. ':' .. v[i] .. ':' .. lane) == 1 then
				out[#out + 1] = v[i]
				out[#out + 1] = lane
			end
		end
	end
	return out
end

-- How many messages nodes have in hand. args: channel...; returns as many numbers
local function held(keys, v)
	local out = {}
	for i = 1, #v do out[i] = call('HLEN', 'ph:f:' .. keys[1] .. ':' .. v[i]) end
	return out
end

-- What a node has in hand. args: instance channel...; returns {channel, C, seq, lane, claim} ...
local function mine(keys, v)
	local out = {}
	for i = 2, #v do
		local all = call('HGETALL', 'ph:f:' .. keys[1] .. ':' .. v[i])
		for j = 1, #all, 2 do
			local C, seq = all[j]:match('^(%S+) (%d+)$')
			local owner = owner_parse(all[j + 1])
			if owner and owner.node == v[1] then out[#out + 1] = {v[i], C, seq, owner.lane, str(owner.claim)} end
		end
	end
	return out
end

-- I live. args: name instance ttl_ms
local function alive_until(keys, v)
	call('SET', 'ph:n:' .. keys[1] .. ':' .. v[1], v[2], 'PX', v[3])
	return 1
end

-- ---------------------------------------------------------------- dead letters

local function dead_one(P, C, seq)
	local k = open_conversation(P, C)
	if not k.h then return '', '' end
	local _, said = last_said(k, seq)
	return entry_of(k, seq) or '', said or ''
end

-- How many of the cursor's instant stand before what comes after it: a campaign fails by the hundred in one.
local function shown_of(key, instant, after)
	local shown = 0
	for _, name in ipairs(call('ZREVRANGEBYSCORE', key, instant, instant)) do
		if name < after then break end
		shown = shown + 1
	end
	return shown
end

-- Newest first; of one instant by name, backwards. args: channel failed_until after max: from after on, "C seq" of that
-- instant, which is shown already, or ""; returns {C, seq, failed, entry, what was said last of it} ...
local function dead(keys, v)
	local P, out = keys[1], {}
	local key = 'ph:x:' .. P .. ':' .. v[1]
	local from = v[3] ~= '' and shown_of(key, v[2], v[3]) or 0
	local all = call('ZREVRANGEBYSCORE', key, v[2], '-inf', 'WITHSCORES', 'LIMIT', from, v[4])
	for i = 1, #all, 2 do
		local C, seq = all[i]:match('^(%S+) (%d+)$')
		local ok, entry, said = pcall(dead_one, P, C, tonumber(seq))
		out[#out + 1] = {C, seq, all[i + 1], ok and entry or '', ok and said or ''}
	end
	return out
end

-- args: channel
local function dead_count(keys, v)
	return call('ZCARD', 'ph:x:' .. keys[1] .. ':' .. v[1])
end

-- args: channel C seq now log_max outbox id (of this very call); returns the message's lane, or message_unknown
local function replay(keys, v)
	local P, seq, now, w = keys[1], tonumber(v[3]), tonumber(v[4]), together()
	local k = open_conversation(P, v[2])
	local lane = (entry_of(k, seq) or ''):match('^mo..(%d)')
	if not lane then return 'message_unknown' end
	if call('ZREM', 'ph:x:' .. P .. ':' .. v[1], v[2] .. ' ' .. v[3]) == 0 then
		local letter, said = last_said(k, seq)
		local done = letter == 'q' and said:find(rest({'ca', v[7]}), 1, true) -- by this call, whose answer was lost
		return done and lane or 'message_unknown'
	end
	set_open(k.h, seq, 'q')
	status_append(k, now, seq, 'q', {said = rest({'cd', 'replayed', 'ca', v[7]})}, {outbox = v[6] == '1'})
	save(k, tonumber(v[5]))
	add(w.lanes, v[1] .. ':' .. lane, lane_item(v[2], seq, 0, 0, now, next_claim(now, 0)))
	write_together(P, w)
	return lane
end

-- Whether a message of the channel failed and is to be sent no more.
local function is_dropped(P, channel, C, seq)
	local k = open_conversation(P, C)
	local by = (entry_of(k, seq) or ''):match('^mo%S+ %d+ %S+ (%S*)')
	return by == channel and last_said(k, seq) == 'f'
end

-- A second time, too: the first one's answer may have been lost. args: channel C seq; returns ok or message_unknown
local function drop(keys, v)
	if call('ZREM', 'ph:x:' .. keys[1] .. ':' .. v[1], v[2] .. ' ' .. v[3]) == 1 then return 'ok' end
	local ok, dropped = pcall(is_dropped, keys[1], v[1], v[2], tonumber(v[3]))
	return ok and dropped and 'ok' or 'message_unknown'
end
