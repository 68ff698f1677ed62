
-- ---------------------------------------------------------------- the peer's ids

-- Spans of time have a key each: what is old leaves at once, and an id need no expiry of its own.
local function id_key(P, channel, span)
	return 'ph:r:' .. P .. ':' .. channel .. ':' .. str(span)
end

local function span_of(now)
	return math.floor(now / SPAN_MS)
end

-- A receipt that came before its message's id: letter and code. A little while is enough to look back.
local function early_of(place, C)
	local whose, letter, code = (place or ''):match('^!(%S+) (%a) ?(.*)$')
	if letter and (whose == '-' or whose == C) then return letter, code end
end

local function place_of(field, part, parts)
	return parts == 1 and field or field .. ' ' .. part .. ' ' .. parts
end

-- What is kept under the ids of a list of outcomes, in its order, and these ids' places, in the present span.
local function ids_before(P, channel, items, now)
	local ids = {}
	for i, item in ipairs(items) do ids[i] = item[9] ~= '' and item[9] or '-' end
	local kept = call('HMGET', id_key(P, channel, span_of(now)), unpack(ids))
	if now % SPAN_MS < SHORT_WINDOW_MS then
		local former = call('HMGET', id_key(P, channel, span_of(now) - 1), unpack(ids))
		for i = 1, #ids do kept[i] = kept[i] or former[i] end
	end
	return kept
end

local function ids_keep(P, channel, places, now)
	if not places[1] then return end
	local key = id_key(P, channel, span_of(now))
	call_many('HSET', key, places)
	call('PEXPIRE', key, str((SPANS + 4) * SPAN_MS), 'NX')
end

-- ---------------------------------------------------------------- outcomes

local function owner_parse(owner)
	local node, lane, uncertain, watched, attempts, doubled, since =
		(owner or ''):match('^(%S+) (%d) (%d) (%d) (%d+) (%d) (%d+)$')
	return node and {node = node, lane = lane, hold = uncertain == '1', watched = watched == '1',
		attempts = tonumber(attempts), doubled = tonumber(doubled), since = tonumber(since)}
end

-- What a receipt says of a part. That the peer took it, and still tries, are two steps for whoever is told outside; here
-- they are one state.
local function settle_receipt(k, now, seq, part, parts, letter, code, opt, in_hand)
	local tries = opt.outbox and letter == 's'
	local is = settle(k, now, seq, part, parts, letter, tries and {} or {cd = code}, opt, in_hand)
	if tries and is == 's' then status_append(k, now, seq, 's', {cd = code}, opt) end
	return is
end

-- The common case, for which nothing of the conversation is read or written: taken by the peer, and nobody looks.
local function goes_without_saying(item, owner, early, opt)
	return owner and owner.node and item[3] == 's' and item[5] == 1 and item[8] == 0 and not early and not owner.watched
		and not opt.outbox and owner.doubled == 0
end

-- All else. item as below; early: letter and code of a receipt that came before.
local function settle_one(P, o, item, owner, early, opt, w)
	local C, seq, letter, part, parts = item[1], item[2], item[3], item[4], item[5]
	local k = open_conversation(P, C)
	if not k.h then return end
	if letter == 'b' then
		if not owner or owner.node ~= o.node then return end
		give_back(k, o.channel, seq, owner.lane, item[10], math.max(item[8], owner.doubled), owner.since, o.now, opt, w)
		if o.limited then refund(k.h) end
	else
		local e = {cd = item[6], rs = item[7], at = letter == 'f' and item[10] or 0}
		local more = owner and part ~= parts - 1
		settle(k, o.now, seq, part, parts, letter, e, opt, owner and true)
		if early then settle_receipt(k, o.now, seq, part, parts, early[1], early[2], opt, more) end
		if item[8] > 0 and o.limited then correct_ledger(k.h, seq, item[8]) end
	end
	save(k, opt.log_max)
end

-- Notes outcomes of what a node had in hand.
-- args: [channel now limited log_max outbox node] [item]...
-- item: C seq letter part parts code reason flags id ("": none) attempts
-- letter b: give back to the lane; flags 1: it may be doubled then. Only what the node still has: told again after
-- a lost answer, the message may be in other hands. returns for each ""
local function settle_many(keys, v)
	local P, c = keys[1], decode(v[1])
	local o = {channel = c[1], now = c[2], limited = c[3] == 1, node = c[6]}
	local opt = {log_max = c[4], outbox = c[5] == 1, channel = c[1]}
	local items, fields, gone, places, out = {}, {}, {}, {}, {}
	for i = 2, #v do
		local item = decode(v[i])
		items[i - 1], fields[i - 1] = item, item[1] .. ' ' .. str(item[2])
	end
	local flights = 'ph:f:' .. P .. ':' .. o.channel
	local owners = call('HMGET', flights, unpack(fields))
	local before = ids_before(P, o.channel, items, o.now)
	local w = together()
	for i, item in ipairs(items) do
		local owner, part, parts = owner_parse(owners[i]), item[4], item[5]
		local letter, code = early_of(before[i], item[1])
		local early = letter and {letter, code}
		out[i] = ''
		if not goes_without_saying(item, owner, early, opt) then
			or_dead(P, o.channel, fields[i], o.now, settle_one, P, o, item, owner, early, opt, w)
		end
		if owner and (item[3] == 'b' and owner.node == o.node or item[3] ~= 'b' and part == parts - 1) then
			gone[#gone + 1] = fields[i]
		end
		if item[9] ~= '' then
			places[#places + 1] = item[9]
			places[#places + 1] = place_of(fields[i], part, parts)
		end
	end
	call_many('HDEL', flights, gone)
	ids_keep(P, o.channel, places, o.now)
	write_back(P, w)
	return out
end

-- ---------------------------------------------------------------- receipts

-- The place that is kept under one of the forms of an id, newest first.
local function find_id(P, channel, id, now)
	for span = span_of(now), span_of(now) - SPANS, -1 do
		local place = call('HGET', id_key(P, channel, span), id)
		if place then return place end
	end
end

-- A receipt, by the forms in which the peer may have written its id. Another form than the first is only a guess, that may
-- be another message's own id: where the receipt says whom it is of, the message must be to the same.
-- args: channel now letter code log_max outbox park ("1": keep it for the id that is still to come) C ("": it does not
-- say) form...; returns the state's letter, "" when no message has such an id here, "!" when only another customer's has
local function receipt(keys, v)
	local P, channel, now = keys[1], v[1], tonumber(v[2])
	local others = ''
	local opt = {log_max = tonumber(v[5]), outbox = v[6] == '1'}
	for i = 9, #v do
		local place = find_id(P, channel, v[i], now) or ''
		local C, seq, more = place:match('^(%x+) (%d+)(.*)$')
		if C and (i == 9 or v[8] == '' or v[8] == C) then
			local part, parts = more:match('^ (%d+) (%d+)$')
			local in_hand = call('HEXISTS', 'ph:f:' .. P .. ':' .. channel, C .. ' ' .. seq) == 1
			local k = open_conversation(P, C)
			if not k.h then return v[3] end
			local is = settle_receipt(k, now, tonumber(seq), tonumber(part or 0), tonumber(parts or 1), v[3], v[4], opt, in_hand)
			save(k, opt.log_max)
			return is
		elseif C then
			others = '!'
		elseif v[7] == '1' then
			local whose = i > 9 and v[8] ~= '' and v[8] or '-'
			ids_keep(P, channel, {v[i], '!' .. whose .. ' ' .. v[3] .. ' ' .. v[4]}, now)
		end
	end
	return others
end

-- The reader has everything up to seq. args: C now seq letter(d r) log_max outbox; returns how many steps that was
local function reached(keys, v)
	local k, now, letter = open_conversation(keys[1], v[1]), tonumber(v[2]), v[4]
	local h, steps = k.h, 0
	if not h then return 0 end
	local opt = {log_max = tonumber(v[5]), outbox = v[6] == '1'}
	local to = math.min(tonumber(v[3]), h[SEQ])
	if h[REACHED] == 0 then h[REACHED] = {0, 0} end
	local at = letter == 'r' and 2 or 1
	local from = math.max(h[REACHED][at], at == 1 and h[REACHED][2] or 0, h[BASE]) + 1
	if from > to then return 0 end
	to = math.min(to, from + SCAN_MAX) -- what is further is told again with the next
	for i, entry in ipairs(entries_of(k, from, to)) do
		if entry:sub(1, 2) == 'mo' then
			status_append(k, now, from + i - 1, letter, {}, opt)
			steps = steps + 1
		end
	end
	h[REACHED][at] = to
	save(k, opt.log_max)
	return steps
end
