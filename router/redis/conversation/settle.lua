
-- ---------------------------------------------------------------- the peer's ids

-- Spans of time have a key each: what is old leaves at once, and an id need no expiry of its own.
local function id_key(P, channel, span)
	return 'ph:r:' .. P .. ':' .. channel .. ':' .. str(span)
end

-- Receipts whose ids are still to come.
local function early_key(P, channel, span)
	return 'ph:e:' .. P .. ':' .. channel .. ':' .. str(span)
end

local function span_of(now)
	return floor(now / SPAN_MS)
end

-- The later of two words on a message, where it is one: receipts may overtake each other.
local function better(was, is)
	if not was or is_step(was[1], is[1]) or was[1] == 's' and is[1] == 's' then return is end
	return was
end

-- Whether a receipt that came before may be on a message of C's. whose: C, by a guess of the id; "-C", by the id itself,
-- which is then C's or, unless it is shared, whoever's it is: addresses may be written differently; "-", it did not say.
local function may_be_of(whose, C, shared)
	return whose == C or whose == '-' .. C or not shared and whose:byte() == 45
end

-- Receipts that came before their message's id, one line for each whom it may be of: the best word of them on a message
-- of C's, or nil. was: what is known by now.
local function early_of(kept, C, shared, was)
	for whose, letter, code in kept:gmatch('(%S+) (%a) ([^\n]*)') do
		if may_be_of(whose, C, shared) then was = better(was, {letter, code}) end
	end
	return was
end

-- Guesses are few; by the id itself it may be of everybody whom one request was for.
local function early_add(kept, whose, letter, code)
	local lines, best, alike, named = {}, {letter, code:gsub('\n', ' ')}, 0, whose:byte() == 45
	for who, was, why in kept:gmatch('(%S+) (%a) ([^\n]*)') do
		if who == whose then
			best = better({was, why}, best)
		else
			lines[#lines + 1] = who .. ' ' .. was .. ' ' .. why
			if (who:byte() == 45) == named then alike = alike + 1 end
		end
	end
	if alike >= (named and EARLY_NAMED_MAX or EARLY_MAX) then return kept end
	lines[#lines + 1] = whose .. ' ' .. best[1] .. ' ' .. best[2]
	return table.concat(lines, '\n')
end

-- What of them is not C's; nobody knows whose the others are, so that they are whoever's comes first.
local function early_rest(kept, C, shared)
	local lines = {}
	for line in kept:gmatch('[^\n]+') do
		if not may_be_of(line:match('^%S+'), C, shared) then lines[#lines + 1] = line end
	end
	return table.concat(lines, '\n')
end

local function place_of(field, part, parts)
	return parts == 1 and field or field .. ' ' .. part .. ' ' .. parts
end

-- An id that several messages of one request share ("*") leads to each by whom it is to.
local function place_keep(places, id, C, place, shared)
	if shared then
		places[#places + 1], places[#places + 2] = id, '*'
		id = id .. ' ' .. C
	end
	places[#places + 1], places[#places + 2] = id, place
end

local function ids_keep(key, places)
	if not places[1] then return end
	call_many('HSET', key, places)
	call('PEXPIRE', key, str((SPANS + 4) * SPAN_MS), 'NX')
end

-- ---------------------------------------------------------------- outcomes

-- What a receipt says of a part. That the peer took it, and still tries, are two steps for whoever is told outside; here
-- they are one state.
local function settle_receipt(k, now, seq, part, parts, letter, code, opt, in_hand)
	local tries = opt.outbox and letter == 's'
	local is = settle(k, now, seq, part, parts, letter, tries and {} or {cd = code}, opt, in_hand)
	if tries and is == 's' then status_append(k, now, seq, 's', {cd = code}, opt) end
	return is
end

-- A try is over with what is said of it, and another one began by hand.
local function replayed_since(k, seq, claim)
	for _, entry in ipairs(entries_of(k, seq + 1, seq + SCAN_MAX)) do
		local ts, of = entry:match('^sq (%d+) (%d+) cd 8:replayed')
		if of and tonumber(of) == seq and claim < tonumber(ts) then return true end
	end
	return false
end

-- What does not go without saying. stale: another's, or a later try, has it in hand. early: letter and code of a receipt
-- that came before: that is true whoever tells.
local function settle_one(P, o, item, owner, stale, early, opt, w)
	local C, seq, letter, part, parts = item[1], item[2], item[3], item[4], item[5]
	local k = open_conversation(P, C)
	if not k.h then return end
	local back = letter == 'b' or letter == 'm'
	stale = stale or not owner and (back or replayed_since(k, seq, item[11]))
	if not stale and back then
		local to = letter == 'm' and item[7] or o.channel
		if letter == 'm' then reroute(k, seq, to) end
		give_back(k, to, seq, owner, math.max(item[10], owner.attempts), math.max(item[8], owner.doubled), o.now, opt, w)
		if o.limited then refund(k.h) end
	elseif not stale then
		local e = {cd = item[6], rs = item[7], at = letter == 'f' and item[10] or 0}
		settle(k, o.now, seq, part, parts, letter, e, opt, owner and true)
		if item[8] > 0 and o.limited and owner then correct_ledger(k.h, seq, item[8]) end
	end
	if early then
		settle_receipt(k, o.now, seq, part, parts, early[1], early[2], opt, owner and (stale or part ~= parts - 1))
	end
	save(k, opt.log_max)
end

-- The arguments of settle_many, sorted: names "C seq", ids with their places, and items; items[i] is nil where all goes
-- without saying.
local function outcomes_parse(v)
	local names, items, ids, places, owners, shared = {}, {}, {}, {}, {}, {}
	for i = 1, #v - 1 do
		local text = v[i + 1]
		local name, id, place
		if text:byte() == 61 then -- "="
			local over = text:find(' ', 36, true)
			name, id = text:sub(2, over - 1), text:sub(over + 1)
			place = name
		else
			local item = decode(text)
			name, id, items[i] = item[1] .. ' ' .. str(item[2]), item[9], item
			place = place_of(name, item[4], item[5])
		end
		names[i] = name
		if id ~= '' then
			if id:byte(-1) == 32 then id, shared[i] = id:sub(1, -2), true end
			ids[#ids + 1] = id
			place_keep(places, id, name:match('^%x+'), place, shared[i])
			owners[#ids] = i -- whose id it is
		end
	end
	return names, items, ids, places, owners, shared
end

local function plain_item(name, id)
	local C, seq = name:match('^(%x+) (%d+)$')
	return {C, tonumber(seq), 's', 0, 1, '', '', 0, id, 0, 0}
end

-- Receipts that came before their ids: number of the outcome -> {letter, code}. They are kept no more; other customers' are.
local function early_ones(P, o, names, ids, owners, shared)
	local out = {}
	for span = span_of(o.now - SHORT_WINDOW_MS), span_of(o.now) do
		local key = early_key(P, o.channel, span)
		local kept = ids[1] and call('EXISTS', key) == 1 and call('HMGET', key, unpack(ids)) or {}
		local left = {} -- of an id that was looked at
		for i = 1, #kept do
			local n, id = owners[i], ids[i]
			local lines, C = left[id] or kept[i], names[n]:match('^%x+')
			local best = lines and early_of(lines, C, shared[n], out[n])
			if best then
				out[n], left[id] = best, early_rest(lines, C, shared[n])
				if left[id] == '' then call('HDEL', key, id) else call('HSET', key, id, left[id]) end
			end
		end
	end
	return out
end

-- Notes outcomes of what a node had in hand.
-- args: [channel now limited log_max outbox node look] then for each "=C seq id": the whole of it was taken by the peer, id "":
-- none; or [C seq letter part parts code reason flags id attempts claim]. An id with a space behind it is shared.
-- letter b: give back to the lane; flags 1: it may be doubled then; m: the same, to the lane of another channel (reason).
-- look: the caller gave back others a while ago, which may stand there.
-- Only what nobody else has in hand by now, nor the caller by a later claim: it may have been given up for dead; a lost
-- answer may be why it tells again. returns for each ""
local function settle_many(keys, v)
	local P, c = keys[1], decode(v[1])
	local o = {channel = c[1], now = c[2], limited = c[3] == 1, node = c[6]}
	local opt = {log_max = c[4], outbox = c[5] == 1, channel = c[1]}
	local names, items, ids, places, id_owners, shared = outcomes_parse(v)
	local flights = 'ph:f:' .. P .. ':' .. o.channel
	local owners = call('HMGET', flights, unpack(names))
	local early = early_ones(P, o, names, ids, id_owners, shared)
	local w, gone, over, out, usual = together(), {}, {}, {}, '- ' .. o.node .. ' '
	local same -- most are alike
	for i = 1, #names do
		local item, held = items[i], owners[i]
		out[i] = ''
		if held and held ~= same and held:find(usual, 1, true) == 1 then same = held end
		-- In the common case nothing of the conversation is read or written. What another outcome of this call ended is none.
		if item or opt.outbox or early[i] or not held or held ~= same or over[names[i]] then
			local owner = not over[names[i]] and owner_parse(held) or nil
			item = item or plain_item(names[i], '')
			local stale = owner and (owner.node ~= o.node or owner.claim ~= item[11])
			or_dead(P, o.channel, names[i], o.now, settle_one, P, o, item, owner, stale, early[i], opt, w)
			held = owner and not stale and (item[3] == 'b' or item[4] == item[5] - 1)
			over[names[i]] = held
		end
		if held then gone[#gone + 1] = names[i] end
	end
	call_many('HDEL', flights, gone)
	ids_keep(id_key(P, o.channel, span_of(o.now)), places)
	write_back(P, w, c[7] == 1)
	return out
end

-- ---------------------------------------------------------------- receipts

-- The place that is kept under one of the forms of an id, newest first; of a shared one, that of C's message.
local function find_id(P, channel, id, C, now)
	for span = span_of(now), span_of(now) - SPANS, -1 do
		local key = id_key(P, channel, span)
		local place = call('HGET', key, id)
		if place == '*' then place = call('HGET', key, id .. ' ' .. C) end
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
		local place = find_id(P, channel, v[i], v[8], now) or ''
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
			local whose = (i > 9 and v[8] ~= '' and '' or '-') .. v[8]
			local key = early_key(P, channel, span_of(now))
			ids_keep(key, {v[i], early_add(call('HGET', key, v[i]) or '', whose, v[3], v[4])})
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
