
-- ---------------------------------------------------------------- receive

-- What the calls of one function have in common is written when all are through: fewer commands.
-- flights: channel -> fields and values of ph:f; lanes: "CH:LANE" -> entries
local function together()
	return {flights = {}, lanes = {}}
end

local function add(lists, name, ...)
	local list = lists[name]
	if not list then
		list = {}
		lists[name] = list
	end
	for i = 1, select('#', ...) do list[#list + 1] = (select(i, ...)) end
end

local function write_together(P, w)
	for channel, list in pairs(w.flights) do call_many('HSET', 'ph:f:' .. P .. ':' .. channel, list) end
	for lane, list in pairs(w.lanes) do call_many('RPUSH', 'ph:q:' .. P .. ':' .. lane, list) end
end

local function flight(node, lane, uncertain, watched, attempts, doubled, since)
	return node .. ' ' .. lane .. ' ' .. uncertain .. ' ' .. (watched and 1 or 0) .. ' ' .. attempts .. ' ' .. doubled
		.. ' ' .. str(since)
end

-- Puts message seq into a node's hands ("c"), in its lane ("l") or where its reader finds it ("r"). m: how channel node
-- limited uncertain lane due. Returns the letter of its state and, when it failed, the code.
local function dispatch(k, now, seq, m, w)
	local h = k.h
	local name = k.C .. ' ' .. str(seq)
	if m.how == 'r' then return 's' end
	if m.how == 'c' then
		local refused = m.limited and spend(h, now)
		if refused then return 'f', refused end
		add(w.flights, m.channel, name, flight(m.node, m.lane, m.uncertain, is_watched(h), 0, 0, 0))
		return 'g'
	end
	if #h[OPEN] > OPEN_MAX then return 'f', 'too_many_waiting' end
	local lane = m.channel .. ':' .. m.lane
	if m.due and m.due > now then
		call('ZADD', 'ph:s:' .. k.P, str(m.due), m.channel .. ' ' .. m.lane .. ' ' .. name)
		set_open(h, seq, 'h')
		return 'h'
	end
	add(w.lanes, lane, name)
	set_open(h, seq, 'q')
	return 'q'
end

-- A second delivery of what is there: finish what the first one left. A reply whose node died, or whose
-- fate is unknown, is given to the caller to send: the peer has just told us that it got no answer.
local function received_again(k, now, m, old, opt)
	local h, d = k.h, k.h[DESK]
	local answer = 'd ' .. old.seq .. ' ' .. h[STATE] .. ' %s ' .. h[SID] .. ' '
		.. (d ~= 0 and d[WAIT] or 0) .. ' ' .. (d ~= 0 and d[QUEUE] or '')
	local nothing = answer:format('0 -')
	if old.reply == 0 then return nothing end
	local key, field = 'ph:f:' .. k.P .. ':' .. m.channel, k.C .. ' ' .. old.reply
	local owner = call('HGET', key, field)
	local dead = owner and not alive(k.P, owner:match('^(%S+)'))
	local unknown = not owner and fold(letters_of(k, old.reply, false)) == 'n'
	local entry = (dead or unknown) and entry_of(k, old.reply)
	if not entry then return nothing end
	call('HSET', key, field, flight(m.node, 0, 1, is_watched(h), 0, 1, 0))
	if unknown then
		set_open(h, old.reply, nil)
		status_append(k, now, old.reply, 'g', {mk = MAYBE_DOUBLED}, opt)
	end
	save(k, opt.log_max)
	return {answer:format(old.reply .. ' c'), entry}
end

-- Whether this was received before: the same key, and where it has an epoch, the first came over another
-- connection whose answers may have been lost.
local function is_again(k, old, epoch, after)
	if not old then return false end
	if epoch == '' then return true end
	local entry = epoch ~= old.epoch and entry_of(k, old.seq)
	return entry and tonumber(entry:match('^%S+ (%d+)')) >= after or false
end

-- The session after a message of the customer's: a new one where the last is over. Returns state, is it new.
local function session_of(h, now, bot_idle)
	local state = h[STATE]
	local over = state == 'none' or state == 'closed' or state == 'wrapup'
		or (state == 'bot' and now - h[LAST] > bot_idle)
	return over and 'bot' or state, over
end

local function begin_session(h, state)
	h[SID] = h[SID] + 1
	h[STATE] = state
	if h[DESK] ~= 0 then h[DESK] = {'', '', '', 0, h[DESK][READ]} end
end

-- item: C address channel local key epoch after grant_count grant_until intent how limited uncertain lang entry reply queue
-- queue: where a session goes that wants a person; "": the default one
local function receive_one(P, common, item, w, opt)
	local C, channel, key, epoch, intent = item[1], item[3], item[5], item[6], item[10]
	local now = common[1]
	local m = {how = item[11], channel = channel, node = common[2], limited = item[12] == 1, uncertain = item[13],
		lane = 0}
	local k = open_conversation(P, C)
	if not k.h then k.h = new_head(now, item[2], channel, item[4]) end
	local h = k.h
	local old = key ~= '' and dup_find(k, key, now) or nil
	if is_again(k, old, epoch, item[7]) then
		if epoch ~= '' then
			dup_keep(k, key, old.seq, old.reply, epoch, now)
			save(k, opt.log_max)
		end
		return received_again(k, now, m, old, opt)
	end

	local last = h[COUNT] > 0 and h[LAST] or 0
	local state, fresh = session_of(h, now, common[4])
	if fresh then begin_session(h, state) end
	local hands_over = state == 'bot' and intent == 'h'
	local queue = item[17] ~= '' and item[17] or common[3]
	local speaks = state == 'bot' and intent ~= 'n' and item[16] ~= ''
	local seq = append(k, item[15])
	h[LAST], h[LAST_IN], h[LAST_MESSAGE], h[CHANNEL], h[LOCAL] = now, seq, seq, channel, item[4]
	h[COUNT], h[UNREAD] = h[COUNT] + 1, h[UNREAD] + 1
	if item[14] ~= '' then h[LANG] = item[14] end
	grant(h, now, item[8], item[9])
	if hands_over then
		h[STATE] = 'queued'
		desk(h)[QUEUE] = queue
		session_event(k, now, 'queued', {'qu', queue})
	end
	if hands_over or state ~= 'bot' then
		local d = desk(h)
		if d[WAIT] == 0 then d[WAIT] = now end
	end
	local reply, how = 0, '-'
	if speaks then
		reply, how = append(k, item[16]), m.how
		h[COUNT] = h[COUNT] + 1
		if not hands_over then h[UNREAD] = 0 end
		local letter, code = dispatch(k, now, reply, m, w)
		if letter == 'f' then
			how = 'f'
			set_state(k, now, reply, 'q', 'f', {cd = code}, opt)
		end
	end
	if key ~= '' then dup_keep(k, key, seq, reply, epoch, now) end
	save(k, opt.log_max)
	keep(k, now, last, common[5])
	if opt.outbox then outbox(P, 'received', C, seq) end
	if is_watched(h) then hint(C, h[SEQ]) end
	local d = h[DESK]
	return 'n ' .. seq .. ' ' .. h[STATE] .. ' ' .. reply .. ' ' .. how .. ' ' .. h[SID] .. ' '
		.. (d ~= 0 and d[WAIT] .. ' ' .. d[QUEUE] or '0 ')
end

-- args: [now node default_queue bot_idle retention log_max outbox] [item]...
-- intent of an item: a (the reply answers it), h (hand over to a person; the reply says so), n (nothing to say)
-- returns for each "n|d seq state reply_seq reply sid waiting_since queue"; reply: c l r as dispatched, f refused, - none; or
-- {the same, the reply's entry} where the caller is to send one that is there already; or "e": it failed
local function receive(keys, v)
	local common = decode(v[1])
	local opt = {log_max = common[6], outbox = common[7] == 1}
	local w = together()
	local out = each(v, function(item)
		return receive_one(keys[1], common, item, w, {log_max = opt.log_max, outbox = opt.outbox, channel = item[3]})
	end)
	write_together(keys[1], w)
	return out
end

-- The last entry that completes a message, and its revision.
local function last_edit(k, seq)
	local edit, revision = nil, 0
	for _, entry in ipairs(entries_of(k, seq + 1, seq + SCAN_MAX)) do
		local of, is = entry:match('^e %d+ (%d+) (%d+)')
		if of and tonumber(of) == seq then edit, revision = entry, tonumber(is) end
	end
	return edit, revision
end

-- What the message of a key said was not all: this takes its place. A second time with the same revision, or a lower
-- one, nothing happens. args: C key now ts revision log_max outbox rest
-- returns {none} (the first is not known), {dup, seq} or {new, seq, seq of the edit}
local function mend(keys, v)
	local k = open_conversation(keys[1], v[1])
	local first = k.h and dup_find(k, v[2], tonumber(v[3]))
	if not first then return {'none'} end
	local _, before = last_edit(k, first.seq)
	if before >= tonumber(v[5]) then return {'dup', first.seq} end
	local seq = append(k, 'e ' .. v[4] .. ' ' .. first.seq .. ' ' .. v[5] .. ' ' .. v[8])
	save(k, tonumber(v[6]))
	if v[7] == '1' then outbox(k.P, 'edited', k.C, seq) end
	if is_watched(k.h) then hint(k.C, seq) end
	return {'new', first.seq, seq}
end
