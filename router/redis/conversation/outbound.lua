
-- ---------------------------------------------------------------- send

-- The state of a message that was sent with the same key before.
local function sent_before(k, key, remember, now)
	local old = key ~= '' and k.h and dup_find(k, key, now) or nil
	local entry = old and entry_of(k, old.seq)
	if not entry then return nil end
	local ts = tonumber(entry:match('^%S+ (%d+)'))
	if now - ts > remember then return nil end
	local name = k.C .. ' ' .. str(old.seq)
	local channel = entry:match('^m%S+ %d+ %S+ (%S*)')
	local in_hand = call('HEXISTS', 'ph:f:' .. k.P .. ':' .. channel, name) == 1
	return format('d %d %d %s', old.seq, ts, fold(letters_of(k, old.seq, in_hand)))
end

-- The first message to somebody, as a campaign has a million of: nothing need be read, and most is the same for all.
local function is_simple(item)
	return item[10] == '' and item[11] == 0 and (item[6] == 'l' or item[6] == 'c' and item[7] == 0)
		and not item[4]:find('^web:')
end

local function send_first(k, common, item, w)
	local now, waits, key = common[1], item[6] == 'l', item[2]
	w.first = w.first or numbers(NUMBERS, 1, 0, 0, 1, 0, 0, 1, 0, now, now)
	w.said = w.said or format('n 1 %d ', now)
	local name = k.C .. ' 1'
	call('RPUSH', k.key, (waits and '- 1:q\n' or '-\n') .. (key ~= '' and '|' .. key .. ' 1 0 ' or '') .. '\n' .. item[4]
		.. '\nnone\n\n' .. w.first, item[12])
	call('EXPIRE', k.key, str(common[3]))
	if waits then
		add(w.lanes, item[5] .. ':' .. str(item[9]), name)
		return w.said .. 'q 0  '
	end
	add(w.flights, item[5], name, usual_flight(w, {node = common[2], lane = str(item[9]), uncertain = item[8]}))
	return w.said .. 'g 0  '
end

-- item: C key remember who channel how limited uncertain lane agent due entry
-- agent: the session must be assigned to it; "" for others
local function send_one(P, common, item, w, opt)
	local now, key, agent = common[1], item[2], item[10]
	opt.channel = item[5]
	local k = open_conversation(P, item[1])
	if not k.h and is_simple(item) then return send_first(k, common, item, w) end
	local again = sent_before(k, key, item[3], now)
	if again then return again end
	local h = k.h
	if agent ~= '' and not (h and h[STATE] == 'assigned' and h[DESK] ~= 0 and h[DESK][AGENT] == agent) then
		return 'r not_yours'
	end
	if not h then
		h = new_head(now, item[4])
		k.h = h
	end
	local last = h[COUNT] > 0 and h[LAST] or 0
	local seq = append(k, item[12])
	h[LAST], h[COUNT], h[LAST_MESSAGE] = now, h[COUNT] + 1, seq
	if agent ~= '' then h[UNREAD], h[DESK][WAIT], h[DESK][READ] = 0, 0, seq end
	local letter, code = dispatch(k, now, seq, {how = item[6], channel = item[5], node = common[2],
		limited = item[7] == 1, uncertain = item[8], lane = str(item[9]), due = item[11]}, w)
	if letter == 'f' then set_state(k, now, seq, 'q', 'f', {cd = code}, opt) end
	if key ~= '' then dup_keep(k, key, seq, 0, '', now, true) end
	save(k, opt.log_max)
	keep(k, now, last, common[3])
	if is_watched(h) then hint(item[1], h[SEQ]) end
	return format('n %d %d %s %s', seq, now, letter, our_end(h, opt.channel))
end

-- args: [now node retention log_max outbox] [item]...; returns for each "n seq ts letter our_end", "d seq ts
-- letter", "r code" or "e"
local function send(keys, v)
	local common, w = decode(v[1]), together()
	local out = each(v, send_one, keys[1], common, w, {log_max = common[4], outbox = common[5] == 1})
	write_together(keys[1], w)
	return out
end

-- ---------------------------------------------------------------- lanes

-- A message of a lane: C, seq, attempts, doubled, since when its validity counts (0: as its entry says), claim.
local function lane_parse(item)
	local C, seq, more = item:match('^(%x+) (%d+)(.*)$')
	local attempts, doubled, since, claim = more:match('^ (%d+) (%d) (%d+) ?(%d*)$')
	return C, tonumber(seq), tonumber(attempts or 0), tonumber(doubled or 0), tonumber(since or 0), tonumber(claim or 0) or 0
end

-- Of a message that somebody had in hand before.
local function lane_item(C, seq, attempts, doubled, since, claim)
	return format('%s %d %d %d %d %d', C, seq, attempts, doubled, since, claim)
end

local function is_over(now, since, validity)
	return validity > 0 and now > since + validity
end

-- What the caller is told of a message that it has in hand now.
local function hand_over(out, item, head, session, entry)
	local n = #out
	out[n + 1], out[n + 2], out[n + 3], out[n + 4] = item, head, session, entry
end

-- The usual message out of a lane: the first of few to somebody, of no end in time, at whom nobody looks. Of its head only the
-- front is read and written. A campaign has a million of them: what need be no text of its own is none. nil: it is none of that.
local function claim_plain(P, o, item, w, out)
	local seq = item:sub(34)
	local key = o.prefix .. item:sub(1, 32)
	local front, head, entry
	if seq == '1' then
		local both = call('LRANGE', key, '0', '1')
		front, head, entry = '- 1:q\n', both[1], both[2]
	else
		front, head, entry = '- ' .. seq .. ':q\n', call('LINDEX', key, '0'), call('LINDEX', key, seq)
	end
	if not entry or head:find(front, 1, true) ~= 1 then return nil end
	local over = entry:find(' ', 7, true)
	if not over or entry:find('mo', 1, true) ~= 1 or entry:find(' 0 ', over, true) ~= over then return nil end
	call('LSET', key, '0', '-\n' .. head:sub(#front + 1))
	o.uncertain = entry:sub(4, 4)
	add(w.flights, o.channel, item, usual_flight(w, o))
	hand_over(out, item, head, '0 ', entry)
	return true
end

-- One message out of a lane: out gets what the caller is to send, or nothing.
local function claim_one(P, o, item, w, opt, out)
	if #item == 34 and o.plain and claim_plain(P, o, item, w, out) then return end
	local C, seq, attempts, doubled, since, claim = lane_parse(item)
	local k = open_conversation(P, C)
	local letters = k.h and open_letters(k.h, seq)
	-- Canceled, or sent by now. Something may be known of a part already: it waits all the same.
	if not letters or not letters:find('q', 1, true) then return end
	local entry = entry_of(k, seq)
	local refused = not entry and 'no_longer_in_the_log' or nil
	local uncertain
	if entry then
		local ts, validity, delay
		uncertain, ts, validity, delay = entry:match('^mo.(%d)%d (%d+) (%d+)%+?(%d*) ')
		if not ts then
			refused = 'unreadable'
		elseif is_over(o.now, since > 0 and since or tonumber(ts) + (tonumber(delay) or 0), tonumber(validity)) then
			refused = 'expired'
		elseif o.limited then
			refused = spend(k.h, o.now)
		end
	end
	set_open(k.h, seq, nil)
	if refused then set_state(k, o.now, seq, 'q', 'f', {cd = refused, at = attempts}, opt) end
	save(k, opt.log_max)
	if refused then return end
	add(w.flights, o.channel, C .. ' ' .. str(seq),
		flight(o.node, o.lane, uncertain, doubled == 1 or is_watched(k.h), attempts, doubled, since, claim))
	local d = k.h[DESK]
	hand_over(out, lane_item(C, seq, attempts, doubled, since, claim), head_text(k.h),
		str(k.h[SID]) .. ' ' .. (d ~= 0 and d[QUEUE] or ''), entry)
end

-- Takes up to max messages out of a lane into a node's hands.
-- args: channel lane node now max limited log_max outbox codes("1": our end follows from the session)
-- returns {left, "C seq attempts doubled since claim", head, "SID QUEUE", entry, ...}
local function claim(keys, v)
	local P, o = keys[1], {channel = v[1], lane = v[2], node = v[3], now = tonumber(v[4]), limited = v[6] == '1'}
	o.plain, o.prefix = not o.limited and v[9] == '0', 'ph:c:' .. P .. ':'
	local opt = {log_max = tonumber(v[7]), outbox = v[8] == '1', channel = v[1]}
	local lane = 'ph:q:' .. P .. ':' .. o.channel .. ':' .. o.lane
	local w, out = together(), {0}
	for _, item in ipairs(call('LPOP', lane, v[5]) or {}) do
		or_dead(P, o.channel, item, o.now, claim_one, P, o, item, w, opt, out)
	end
	write_together(P, w)
	out[1] = call('LLEN', lane)
	return out
end

-- The entry says by which channel the message goes.
local function reroute(k, seq, channel)
	local entry = entry_of(k, seq)
	if not entry then return end
	entry = entry:gsub('^(m%S+ %d+ %S+ )%S*', '%1' .. channel, 1)
	call('LSET', k.key, str(seq - k.h[BASE]), entry)
end

-- Gives back to the front of its lane what a node took and the channel could not take.
local function give_back(k, channel, seq, owner, attempts, doubled, now, opt, w)
	set_open(k.h, seq, 'q')
	if doubled == 1 then status_append(k, now, seq, 'q', {mk = MAYBE_DOUBLED, cd = 'resend'}, opt) end
	add(w.lanes, channel .. ':' .. owner.lane,
		lane_item(k.C, seq, attempts, doubled, owner.since, next_claim(now, owner.claim)))
end

-- All nodes hear that a lane has work: who gave back does not take from it now.
local function tell_work(P, lane)
	local channel, number = lane:match('^(.*):(%d)$')
	call('PUBLISH', 'ph:hint', 'W ' .. channel .. ' ' .. number .. ' ' .. str(2 ^ tonumber(P:sub(2, 2), 16)))
end

local function seq_of(item)
	return tonumber(item:match('^%x+ (%d+)'))
end

local function is_earlier(one, other)
	return seq_of(one) < seq_of(other)
end

-- The messages of each customer in their order, at the places that they have together. own: how many of the items, from the
-- front, go back now. Returns whether one of these and one of the others are of the same customer.
local function put_in_order(items, own)
	local places, mixed = {}, false
	for i, item in ipairs(items) do
		local C = item:match('^%x+')
		local of = places[C] or {}
		places[C] = of
		of[#of + 1] = i
		mixed = mixed or i > own and of[1] <= own
	end
	for _, of in pairs(places) do
		local sorted = {}
		for n, i in ipairs(of) do sorted[n] = items[i] end
		if sorted[2] then table.sort(sorted, is_earlier) end
		for n, i in ipairs(of) do items[i] = sorted[n] end
	end
	return mixed
end

-- What somebody had in hand before stands in front of its lane, and tells itself by its numbers.
local function add_front(key, items)
	for _, item in ipairs(call('LRANGE', key, '0', str(FRONT_MAX - 1))) do
		if not item:find('^%x+ %d+ %d') then return end
		items[#items + 1] = item
	end
end

-- As write_together(), each in front of what waits: what is to be first comes last, over several calls, too. look: others
-- may have gone back before that are to stay in front of these.
local function write_back(P, w, look)
	for lane, list in pairs(w.lanes) do
		local key, items, back = 'ph:q:' .. P .. ':' .. lane, {}, {}
		for i = #list, 1, -1 do items[#items + 1] = list[i] end
		if look then add_front(key, items) end
		local all = put_in_order(items, #list) and #items or #list
		for i = all, 1, -1 do back[#back + 1] = items[i] end
		if all > #list then call('LTRIM', key, str(all - #list), '-1') end
		call_many('LPUSH', key, back)
		tell_work(P, lane)
	end
end

local function due_one(P, message, log_max)
	local C, seq = message:match('^(%x+) (%d+)$')
	local k = open_conversation(P, C)
	if not k.h or open_letters(k.h, seq) ~= 'h' then return false end
	set_open(k.h, seq, 'q')
	save(k, log_max)
	return true
end

-- Messages whose time has come go into their lanes. args: now max log_max; returns {left, "CH LANE", ...}: where to look
local function due(keys, v)
	local P, w, out = keys[1], together(), {0}
	local key = 'ph:s:' .. P
	for _, name in ipairs(call('ZRANGEBYSCORE', key, '-inf', v[1], 'LIMIT', 0, v[2])) do
		local channel, lane, message = name:match('^(%S+) (%d) (.*)$')
		local moved = or_dead(P, channel, message, v[1], due_one, P, message, tonumber(v[3]))
		if moved then
			add(w.lanes, channel .. ':' .. lane, message)
			out[#out + 1] = channel .. ' ' .. lane
		end
		call('ZREM', key, name)
	end
	write_together(P, w)
	out[1] = call('ZCOUNT', key, '-inf', v[1])
	return out
end

-- Takes back a message that nobody has in hand yet. args: C seq now log_max outbox; returns ok, too_late, message_unknown
local function cancel(keys, v)
	local k, seq, now = open_conversation(keys[1], v[1]), tonumber(v[2]), tonumber(v[3])
	local entry = entry_of(k, seq)
	local lane, channel = (entry or ''):match('^mo..(%d) %d+ %S+ (%S*)')
	if not lane then return 'message_unknown' end
	local letter = open_letters(k.h, seq)
	if letter ~= 'q' and letter ~= 'h' then return last_said(k, seq) == 'c' and 'ok' or 'too_late' end
	set_open(k.h, seq, nil)
	status_append(k, now, seq, 'c', {}, {outbox = v[5] == '1'})
	save(k, tonumber(v[4]))
	if letter == 'h' then call('ZREM', 'ph:s:' .. k.P, channel .. ' ' .. lane .. ' ' .. k.C .. ' ' .. v[2]) end
	return 'ok'
end
