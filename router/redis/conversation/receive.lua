
-- ---------------------------------------------------------------- receive

-- What the calls of one function have in common is written when all are through: fewer commands.
-- flights: channel -> fields and values of ph:f; lanes: "CH:LANE" -> entries
local function together()
	return {flights = {}, lanes = {}}
end

local function add(lists, name, first, second)
	local list = lists[name]
	if not list then
		list = {}
		lists[name] = list
	end
	local n = #list
	list[n + 1], list[n + 2] = first, second
end

-- A small hash is one piece of memory that is searched from its front: dear where hundreds of messages are in hand. With a
-- value of more than 64 octets Redis makes it a table, which it stays while anything is in it.
local MANY = 64 -- fields and values
local LONG = '------------------------------------------------------------------'
local function write_flights(key, list)
	local many = #list >= MANY
	if many then list[#list + 1], list[#list + 2] = '', LONG end
	call_many('HSET', key, list)
	if many then call('HDEL', key, '') end
end

local function write_together(P, w)
	for channel, list in pairs(w.flights) do write_flights('ph:f:' .. P .. ':' .. channel, list) end
	for lane, list in pairs(w.lanes) do call_many('RPUSH', 'ph:q:' .. P .. ':' .. lane, list) end
end

-- told: that it was sent must be.
local function flight(node, lane, uncertain, told, attempts, doubled, since, claim)
	local text = format('%s %s %s %d %d %d %d', (told or claim > 0) and '+' or '-', node, lane, uncertain, attempts, doubled,
		since)
	return claim > 0 and text .. ' ' .. str(claim) or text
end

-- The claim that follows one which is over; nobody may remember that one any more, but time tells them apart.
local function next_claim(now, before)
	return math.max(now, before + 1)
end

local function owner_parse(text)
	local _, node, lane, uncertain, attempts, doubled, since, claim =
		(text or ''):match('^(.) (%S+) (%d) (%d) (%d+) (%d) (%d+) ?(%d*)$')
	return node and {node = node, lane = lane, hold = uncertain == '1', attempts = tonumber(attempts),
		doubled = tonumber(doubled), since = tonumber(since), claim = tonumber(claim) or 0}
end

-- The same for all of a call, but for few.
local function usual_flight(w, m)
	if w.lane ~= m.lane or w.uncertain ~= m.uncertain then
		w.lane, w.uncertain = m.lane, m.uncertain
		w.flight = flight(m.node, m.lane, m.uncertain, false, 0, 0, 0, 0)
	end
	return w.flight
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
		add(w.flights, m.channel, name, is_watched(h) and flight(m.node, m.lane, m.uncertain, true, 0, 0, 0, 0)
			or usual_flight(w, m))
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

local function answer(what, h, seq, reply, how)
	local d = h[DESK]
	return format('%s %d %s %d %s %d %d %s', what, seq, h[STATE], reply, how, h[SID], d ~= 0 and d[WAIT] or 0,
		d ~= 0 and d[QUEUE] or '')
end

-- A second delivery of what is there: finish what the first one left. A reply whose node died, or whose
-- fate is unknown, is given to the caller to send: the peer has just told us that it got no answer.
local function received_again(k, now, m, old, opt)
	local h, reply = k.h, old.reply
	local nothing = answer('d', h, old.seq, 0, '-')
	if reply == 0 then return nothing end
	local key, field = 'ph:f:' .. k.P .. ':' .. m.channel, k.C .. ' ' .. str(reply)
	local owner = owner_parse(call('HGET', key, field))
	local dead = owner and not alive(k.P, owner.node)
	local unknown = not owner and fold(letters_of(k, reply, false)) == 'n'
	local entry = (dead or unknown) and entry_of(k, reply)
	if not entry then return nothing end
	local claim = next_claim(now, owner and owner.claim or 0)
	call('HSET', key, field, flight(m.node, '0', 1, true, 0, 1, 0, claim))
	if unknown then
		set_open(h, reply, nil)
		status_append(k, now, reply, 'g', {mk = MAYBE_DOUBLED}, opt)
	end
	save(k, opt.log_max)
	return {answer('d', h, old.seq, reply, 'c'), entry, str(claim)}
end

-- Whether a message that came then, or later, is kept under this name.
local function is_kept(k, cid, since)
	local name = 'id ' .. #cid .. ':' .. cid
	local entries = entries_of(k, math.max(k.h[SEQ] - SCAN_MAX, k.h[BASE]) + 1, k.h[SEQ])
	for i = #entries, 1, -1 do
		local ts = entries[i]:match('^mi%S* (%d+)')
		if ts and tonumber(ts) >= since and entries[i]:find(name, 1, true) then return true end
	end
	return false
end

-- Whether this was received before: the same key, and where it has an epoch, the first came over another
-- connection whose answers may have been lost, or (since, unless 0) then, when we had no answer for it ourselves: under the
-- name cid, unless that is "".
local function is_again(k, old, epoch, after, since, cid)
	if not old then return false end
	if epoch == '' then return true end
	if since > 0 and cid ~= '' then
		if is_kept(k, cid, since) then return true end
		since = 0
	end
	local entry = (epoch ~= old.epoch or since > 0) and entry_of(k, old.seq)
	local ts = entry and tonumber(entry:match('^%S+ (%d+)'))
	return ts and (epoch ~= old.epoch and ts >= after or since > 0 and ts >= since) or false
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

-- Who it is, and where the last message came by; a language that is not known stays what it was.
local function set_who(h, who)
	if who:byte(-1) == 10 then who = who .. h[WHO]:match('([^\n]*)$') end
	h[WHO] = who
end

-- Appends the message, with one more field, and changes the session; returns the former state's time, and whether the bot is
-- to answer.
local function take_in(k, common, item, intent, field)
	local h, now = k.h, common[1]
	local last = h[COUNT] > 0 and h[LAST] or 0
	local state, fresh = session_of(h, now, common[4])
	if fresh then begin_session(h, state) end
	local bot = state == 'bot'
	local seq = append(k, field == '' and item[13] or item[13] .. field)
	h[LAST], h[LAST_IN], h[LAST_MESSAGE] = now, seq, seq
	h[COUNT], h[UNREAD] = h[COUNT] + 1, h[UNREAD] + 1
	if h[WHO] ~= item[2] then set_who(h, item[2]) end
	if item[7] > 0 then grant(h, now, item[7], item[8]) end
	if bot and intent == 'h' then
		local queue = item[15] ~= '' and item[15] or common[3]
		h[STATE] = 'queued'
		desk(h)[QUEUE] = queue
		session_event(k, now, 'queued', {'qu', queue})
	end
	if not bot or intent == 'h' then
		local d = desk(h)
		if d[WAIT] == 0 then d[WAIT] = now end
	end
	return last, bot and intent ~= 'n' and item[14] ~= ''
end

-- The bot's own memory of a conversation. The caller worked its turn out from one state (item[16]; '*': from any); where
-- another is kept nothing is done but to say which. Returns the state, or nil and what to return.
local function bot_state(h, state, fresh, known)
	local is = state == 'bot' and not fresh and h[BOT] or ''
	if state == 'bot' and known and known ~= '*' and known ~= is then return nil, 'b 0 bot 0 - 0 0 ' .. is end
	return is
end

-- What the customer does next after what the bot said, in letters: c chose, v gave what was asked for, t thanked, d does not
-- want it any more, p asked for a person, s came back on the same matter within a day, n was silent for a day, o else.
-- Returns the field for the entry of what is said now ("af SEQ LETTER", or ''), and for whoever counts: a (after an answer) or
-- m (after a menu or a question), the letter, 1 where it is the same matter; or ''. answers: GAVE is anew at once, by gave().
local function follow(h, now, bot, answers, matter, letter)
	local template, since, n, seq, asked = h[GAVE]:match('^(%S+) (%d+) (%d+) ?(%d*) ?(%d*)$')
	if not template then return '', '' end
	local same = template == matter and now - tonumber(since) < DAY_MS
	local kind, of
	if asked ~= '' and asked ~= '0' then
		kind, of = 'm', asked
	elseif template ~= '-' and (n == '0' or (same and bot)) then
		kind, of = 'a', seq
	end
	if not answers then h[GAVE] = format('%s %s %d %s 0', template, since, n + 1, seq ~= '' and seq or '0') end
	if not kind then return '', '' end
	if now - h[LAST] >= DAY_MS then
		letter = 'n'
	elseif same and letter == 'o' then
		letter = 's'
	end
	local field = ''
	if of ~= '' and of ~= '0' then
		of = of .. ' ' .. letter
		field = 'af ' .. #of .. ':' .. of
	end
	return field, kind .. ' ' .. letter .. (same and bot and ' 1' or ' 0')
end

-- Keeps what the bot said: an answer is judged by what follows, a menu or a question by what is said next.
local function gave(h, now, intent, matter, seq)
	if intent == 'a' and matter ~= '' then
		h[GAVE] = format('%s %d 0 %d 0', matter, now, seq)
	elseif intent == 's' then
		h[GAVE] = (h[GAVE]:match('^%S+ %d+ %d+ %d+') or '- 0 0 0') .. ' ' .. str(seq)
	end
end

-- Whether the customer is known as who they are, as ph2_verify keeps it.
local function is_verified(P, C, now)
	local until_ms = tonumber((call('GET', 'ph:k:' .. P .. ':' .. C) or '0'):match('^%d+'))
	return until_ms ~= nil and until_ms > now
end

-- item: C who channel key epoch after grant_count grant_until intent how limited uncertain entry reply queue state next matter
-- letter since cid
-- queue: where a session goes that wants a person; "": the default one
-- state: of the bot, as the caller knows it, or '*'; next: what its turn leaves; matter: the template that it answers with, or
-- the likeliest; letter: what the text is to what the bot said before, see follow()
-- since, cid: when it came first, and under which name ('': nobody knows), and may have been kept without an answer; 0: it has not
local function receive_one(P, common, item, w, opt)
	local key, epoch, now = item[4], item[5], common[1]
	local m = {how = item[10], channel = item[3], node = common[2], limited = item[11] == 1, uncertain = item[12],
		lane = '0'}
	opt.channel = m.channel
	local k = open_conversation(P, item[1])
	if not k.h then k.h = new_head(now, item[2]) end
	local h = k.h
	local old = key ~= '' and dup_find(k, key, now) or nil
	if is_again(k, old, epoch, item[6], item[20] or 0, item[21] or '') then
		if epoch ~= '' then
			dup_keep(k, key, old.seq, old.reply, epoch, now, true)
			save(k, opt.log_max)
		end
		return received_again(k, now, m, old, opt)
	end

	local state, fresh = session_of(h, now, common[4])
	local is_bot, intent = state == 'bot', item[9]
	local was, other = bot_state(h, state, fresh, item[16])
	if other then return other end
	if intent == 'v' or intent == 'w' then
		local verified = is_bot and is_verified(P, k.C, now)
		if is_bot and verified == (intent == 'v') then
			return format('b 0 %s 0 - 0 0 %s', verified and 'verified' or 'unverified', was)
		end
		intent = intent == 'v' and 'h' or 'a'
	end
	local field, followed = '', ''
	if h[GAVE] ~= '' and intent ~= 'n' then
		field, followed = follow(h, now, is_bot, is_bot and intent == 'a', item[18], item[19] or 'o')
	end
	if is_bot then h[BOT] = intent == 'n' and was or item[17] end
	local last, speaks = take_in(k, common, item, intent, field)
	local seq, reply, how = h[LAST_IN], 0, '-'
	if speaks then
		reply, how = append(k, item[14]), m.how
		h[COUNT] = h[COUNT] + 1
		if h[STATE] == 'bot' then h[UNREAD] = 0 end
		local letter, code = dispatch(k, now, reply, m, w)
		if letter == 'f' then
			how = 'f'
			set_state(k, now, reply, 'q', 'f', {cd = code}, opt)
		else
			gave(h, now, intent, item[18], reply)
		end
	end
	if key ~= '' then dup_keep(k, key, seq, reply, epoch, now, old) end
	save(k, opt.log_max)
	keep(k, now, last, common[5])
	if opt.outbox then outbox(P, 'received', k.C, seq) end
	if is_watched(h) then hint(k.C, h[SEQ]) end
	local said = answer('n', h, seq, reply, how)
	return followed ~= '' and {said, '', followed} or said
end

-- args: [now node default_queue bot_idle retention log_max outbox] [item]...
-- intent of an item: a (the reply answers it), w (so it does, a verified customer only), s (it asks: a menu, a question),
-- d (it says something else), h (hand over to a person; the reply says so), v (so it does, because only a verified customer may
-- be answered), n (nothing to say)
-- returns for each "n|d seq state reply_seq reply sid waiting_since queue"; reply: c l r as dispatched, f refused, - none; or
-- {the same, the reply's entry, claim} where the caller is to send one that is there already; {the same, "", GAVE} where the bot
-- had answered before; "b ... state" where the bot's state is another than the caller thinks, and nothing was done; or
-- "e": it failed
local function receive(keys, v)
	local common, w = decode(v[1]), together()
	local opt = {log_max = common[6], outbox = common[7] == 1}
	local out = each(v, receive_one, keys[1], common, w, opt)
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
	local seq = append(k, 'e ' .. v[4] .. ' ' .. str(first.seq) .. ' ' .. v[5] .. ' ' .. v[8])
	save(k, tonumber(v[6]))
	if v[7] == '1' then outbox(k.P, 'edited', k.C, seq) end
	if is_watched(k.h) then hint(k.C, seq) end
	return {'new', first.seq, seq}
end

-- The peer has put another text in the place of a message's. Said again, nothing happens.
-- args: C seq now log_max outbox rest; returns 1, or 0: there is no such message
local function replaced(keys, v)
	local k, of = open_conversation(keys[1], v[1]), tonumber(v[2])
	if not (entry_of(k, of) or ''):find('^mo') then return 0 end
	local last, before = last_edit(k, of)
	if last and last:match('^e %d+ %d+ %d+ (.*)$') == v[6] then return 1 end
	local seq = append(k, 'e ' .. v[3] .. ' ' .. v[2] .. ' ' .. str(before + 1) .. ' ' .. v[6])
	save(k, tonumber(v[4]))
	if v[5] == '1' then outbox(k.P, 'edited', k.C, seq) end
	hint(k.C, seq)
	return 1
end
