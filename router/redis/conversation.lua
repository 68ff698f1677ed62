#!lua name=posthouse_conversation
-- version 1
--
-- What must be atomic in one conversation: the data plane. keys[1] is the partition, "{0}" ... "{f}", the first
-- digit of the conversation's id; all keys of a conversation and of the lanes that lead out of it carry it, so they
-- share a slot. Who serves whom is decided in desk.lua, and no function touches both.
--
-- Every function may be called again with the same arguments after a lost answer: what was done is
-- found and told again. Times are ms since 1970, from the caller.
--
-- Keys (P is keys[1], C a conversation, CH a channel):
--   ph:c:P:C         hash    the conversation: see FIELDS below
--   ph:l:P:C         stream  its log; the entry's id is seq-0
--   ph:o:P:C         hash    seq -> letters of its parts, for outbound messages that are neither final nor in a
--                            node's hands as a whole
--   ph:d:P:C:KEY     string  "seq reply ts epoch" of a message, by what a second delivery is known
--   ph:q:P:CH:LANE   stream  outbound that waits: c, s, a (how often it was sent in vain)
--   ph:f:P:CH        hash    "C seq" -> "node lane uncertain": outbound that a node has in hand
--   ph:n:P:NODE      string  the living instance of a node, expires
--   ph:r:P:CH:ID     string  "C seq part parts" of a message, by the peer's id of it, in the partition of its conversation (a
--                            receipt says whom it is of); or, when the receipt came before the id, "!C letter code", C "-" for
--                            anyone's
--   ph:w:P           stream  what webhooks tell
--
-- FIELDS of ph:c: ad address, ch channel, lo our end, seq, sid session number, sst its state, ag agent,
--   an its name, qu queue, wait since when the customer waits, un unread by the agent, rs read up to,
--   lin last inbound seq, last time, lx last text, ld its direction, t0 first time, n messages,
--   lg language, gn/gu replies left and until (long window), hn/hu the same (short window)
--
-- Letters of a message's state: q queued, g sending, n unknown, s sent, p partially delivered,
--   d delivered, r read, u undelivered, f failed, c canceled

local RANK = {q = 1, g = 2, n = 3, s = 4, p = 5, u = 6, f = 6, c = 6, d = 7, r = 8}
local FINAL = {u = true, f = true, c = true, r = true}
local STATUS = {q = 'queued', g = 'sending', n = 'unknown', s = 'sent', p = 'partially_delivered', d = 'delivered',
	r = 'read', u = 'undelivered', f = 'failed', c = 'canceled'}
local SHORT_WINDOW_MS = 600000
local DAY_MS = 86400000
local MAYBE_DOUBLED = 2
local OUTBOX_MAX = 100000

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

-- ---------------------------------------------------------------- small things

-- Whole numbers as text: Redis would print them as doubles, which costs more than many a command.
local function str(n)
	return string.format('%d', n)
end

local function slice(args, from, count)
	local out = {}
	for i = 0, count - 1 do out[i + 1] = args[from + i] end
	return out
end

local function hint(C, seq)
	call('PUBLISH', 'ph:hint', 'L ' .. C .. ' ' .. seq)
end

local function alive(P, owner)
	local name = owner:match('^(.*)#')
	return name and call('GET', 'ph:n:' .. P .. ':' .. name) == owner
end

-- Somebody looks at it: an agent, a lead, or the customer's own page.
local function is_watched(state, address)
	return state == 'queued' or state == 'assigned' or (address and address:sub(1, 4) == 'web:')
end

local function log_append(P, C, seq, log_max, fields)
	call('XADD', 'ph:l:' .. P .. ':' .. C, 'MAXLEN', '~', log_max, str(seq), unpack(fields))
end

local function outbox(P, kind, C, seq)
	call('XADD', 'ph:w:' .. P, 'MAXLEN', '~', OUTBOX_MAX, '*', 'e', kind, 'c', C, 's', seq)
end

-- ---------------------------------------------------------------- what became of a message

-- The state of the whole from the letters of its parts: any failed part fails it.
local function fold(letters)
	if #letters == 1 then return letters end
	local has = {}
	for i = 1, #letters do has[letters:sub(i, i)] = true end
	for _, letter in ipairs({'c', 'f', 'g', 'q', 'n', 'u'}) do
		if has[letter] then return letter end
	end
	if has.s then return has.d and 'p' or 's' end
	return has.d and 'd' or 'r'
end

local function is_step(from, to)
	if from == to then return false end
	if FINAL[from] then return from == 'u' and to == 'd' end -- EXPIRED, and then DELIVRD: it arrived
	if from == 'd' then return to == 'r' end
	if from == 'n' then return true end -- a late answer settles it
	return RANK[to] >= RANK[from]
end

-- The letters of a message that is no longer kept in ph:o: final, from its log.
local function final_letters(P, C, seq)
	local letter
	for _, entry in ipairs(call('XRANGE', 'ph:l:' .. P .. ':' .. C, seq + 1, '+', 'COUNT', 500)) do
		local f = entry[2]
		if f[2] == 's' and f[4] == tostring(seq) then
			for l, name in pairs(STATUS) do
				if name == f[6] then letter = l end
			end
		end
	end
	return letter
end

-- Writes the step "message seq is now letter" into the log. e: {cd, rs, mk}. That a message was sent goes without saying
-- where its receipt will follow and nobody looks: ph:o knows it.
local function status_append(P, C, now, seq, letter, e, opt)
	local conv = 'ph:c:' .. P .. ':' .. C
	local h = call('HMGET', conv, 'sst', 'ad')
	local watched = is_watched(h[1], h[2])
	if letter == 's' and not opt.last and not watched and not opt.outbox and not e.mk then return end
	local at = call('HINCRBY', conv, 'seq', 1)
	local fields = {'t', 's', 'of', seq, 'st', STATUS[letter], 'ts', now}
	for key, value in pairs(e) do
		if value ~= '' then
			fields[#fields + 1] = key
			fields[#fields + 1] = value
		end
	end
	log_append(P, C, at, opt.log_max, fields)
	if opt.outbox then outbox(P, 'status', C, at) end
	if watched then hint(C, at) end
end

-- Part `part` of `parts` (from 0) has reached letter. in_hand: a node has the message in hand, so that ph:o need not
-- know it yet; its own outcome is still to come unless `last_word`. Returns the state of the whole.
local function settle(P, C, now, seq, part, parts, letter, e, opt, in_hand, last_word)
	local key = 'ph:o:' .. P .. ':' .. C
	-- The common case in one command: the first word on a message of one part that is not the last.
	if in_hand and last_word and parts == 1 and letter == 's' and not opt.last and call('HSETNX', key, str(seq), 's') == 1 then
		status_append(P, C, now, seq, 's', e, opt)
		return 's'
	end
	local kept = call('HGET', key, seq)
	local before = kept or (in_hand and 'g') or final_letters(P, C, seq)
	if not before then return nil end
	local letters = before
	if #letters < parts then letters = string.rep(#letters == 1 and letters or 'g', parts) end
	local old = letters:sub(part + 1, part + 1)
	if is_step(old, letter) then letters = letters:sub(1, part) .. letter .. letters:sub(part + 2) end
	local was, is = fold(before), fold(letters)
	local over = FINAL[is] or (is == 'd' and not opt.reader) or (is == 's' and opt.last)
	if over and (last_word or not in_hand) then
		if kept then call('HDEL', key, seq) end
	elseif letters ~= kept then
		call('HSET', key, seq, letters)
	end
	if was ~= is then status_append(P, C, now, seq, is, e, opt) end
	return is
end

-- ---------------------------------------------------------------- the reply ledger

local function grant(P, C, now, count, till, set)
	if count <= 0 then return end
	local short = till - now <= SHORT_WINDOW_MS
	set[#set + 1] = short and 'hn' or 'gn'
	set[#set + 1] = count
	set[#set + 1] = short and 'hu' or 'gu'
	set[#set + 1] = till
end

-- Takes one reply from the ledger: nil, or the code of the refusal.
local function spend(conv, now)
	local g = call('HMGET', conv, 'hn', 'hu', 'gn', 'gu')
	if tonumber(g[1] or 0) > 0 and now < tonumber(g[2] or 0) then
		call('HINCRBY', conv, 'hn', -1)
	elseif tonumber(g[3] or 0) > 0 and now < tonumber(g[4] or 0) then
		call('HINCRBY', conv, 'gn', -1)
	elseif now < tonumber(g[2] or 0) or now < tonumber(g[4] or 0) then
		return 'reply_budget_used'
	else
		return 'reply_window_closed'
	end
end

-- What the channel told us of the ledger with message seq: flags as in connector.h. Not what the customer's next message
-- has overtaken, since that began the ledger anew.
local function correct_ledger(conv, seq, flags)
	if tonumber(call('HGET', conv, 'lin') or 0) > seq then return end
	if flags % 2 >= 1 then call('HSET', conv, 'gn', 0, 'gu', 0, 'hn', 0, 'hu', 0) end -- window closed
	if flags % 4 >= 2 then call('HSET', conv, 'gn', 0, 'hn', 0) end -- budget used
	if flags % 8 >= 4 then call('HINCRBY', conv, 'gn', 1) end -- it was free
end

-- ---------------------------------------------------------------- outbound

local function enqueue(P, C, channel, lane, seq, attempts)
	call('XADD', 'ph:q:' .. P .. ':' .. channel .. ':' .. lane, '*', 'c', C, 's', seq, 'a', attempts or 0)
end

-- Puts message seq into a node's hands ("c"), in its lane ("l") or where its reader finds it ("r").
-- Returns the letter of its state and, when it failed, the code.
local function dispatch(P, C, now, seq, m)
	local conv = 'ph:c:' .. P .. ':' .. C
	if m.how == 'r' then
		call('HSET', 'ph:o:' .. P .. ':' .. C, seq, 's')
		return 's'
	end
	if m.how == 'c' then
		local refused = m.limited and spend(conv, now)
		if refused then return 'f', refused end
		call('HSET', 'ph:f:' .. P .. ':' .. m.channel, C .. ' ' .. str(seq), m.node .. ' ' .. m.lane .. ' ' .. m.uncertain)
		return 'g'
	end
	enqueue(P, C, m.channel, m.lane, seq)
	call('HSET', 'ph:o:' .. P .. ':' .. C, seq, 'q')
	return 'q'
end

-- Renews for how long a conversation is kept, with the first message of a day.
local function keep(P, C, now, last, seconds)
	if math.floor(now / DAY_MS) == math.floor(tonumber(last or 0) / DAY_MS) then return end
	for _, kind in ipairs({'c', 'l', 'o'}) do call('EXPIRE', 'ph:' .. kind .. ':' .. P .. ':' .. C, seconds) end
end

local function session_event(P, C, now, seq, log_max, sid, state, more)
	local fields = {'t', 'z', 'sid', sid, 'st', state, 'ts', now}
	for key, value in pairs(more or {}) do
		if value and value ~= '' then
			fields[#fields + 1] = key
			fields[#fields + 1] = value
		end
	end
	log_append(P, C, seq, log_max, fields)
end

-- ---------------------------------------------------------------- receive

-- A second delivery of what is there: finish what the first one left. A reply whose node died, or whose
-- fate is unknown, is given to the caller to send: the peer has just told us that it got no answer.
local function received_again(P, C, now, a, old, h, opt)
	local seq, reply = tonumber(old[1]), tonumber(old[2])
	local out = {'dup', seq, h.sst or '', 0, '-', h.sid or '0', h.qu or '', h.wait or '0', ''}
	if reply == 0 then return out end
	local flight = 'ph:f:' .. P .. ':' .. a.channel
	local field = C .. ' ' .. reply
	local owner = call('HGET', flight, field)
	local dead = owner and not alive(P, owner:match('^(%S+)'))
	local letters = not owner and call('HGET', 'ph:o:' .. P .. ':' .. C, reply)
	local unknown = letters and fold(letters) == 'n'
	if not dead and not unknown then return out end
	call('HSET', flight, field, a.node .. ' 0 1')
	if unknown then
		call('HDEL', 'ph:o:' .. P .. ':' .. C, reply)
		status_append(P, C, now, reply, 'g', {mk = MAYBE_DOUBLED}, opt)
	end
	local entry = call('XRANGE', 'ph:l:' .. P .. ':' .. C, reply, reply)[1]
	out[4], out[5], out[10] = reply, 'c', entry and entry[2] or {}
	return out
end

-- args: C now address channel local dup_key dup_epoch dup_after dup_ttl grant_count grant_until intent queue how
--       node limited uncertain bot_idle retention log_max outbox last_text lang inbound_fields_count inbound_fields... reply_fields...
-- intent: a (the reply answers it), h (hand over to a person; the reply says so), n (nothing to say)
-- returns {new|dup, seq, state, reply_seq, reply: c l r f -, sid, queue, waiting_since, code, [reply entry]}
local function receive(keys, v)
	local P, C, now = keys[1], v[1], tonumber(v[2])
	local a = {address = v[3], channel = v[4], how = v[14], node = v[15], limited = v[16] == '1',
		uncertain = v[17], lane = 0}
	local opt = {log_max = v[20], outbox = v[21] == '1', reader = a.how == 'r'}
	local conv = 'ph:c:' .. P .. ':' .. C
	local h = {}
	local names = {'seq', 'sst', 'sid', 'last', 'wait', 'qu', 'un', 'n', 'ag'}
	for i, value in ipairs(call('HMGET', conv, unpack(names))) do h[names[i]] = value or nil end

	local first, seq = not h.seq, tonumber(h.seq or 0)
	local state, sid = h.sst or 'none', tonumber(h.sid or 0)
	local fresh = state == 'none' or state == 'closed' or state == 'wrapup'
		or (state == 'bot' and now - tonumber(h.last or 0) > tonumber(v[18]))
	if fresh then sid, state = sid + 1, 'bot' end
	local in_seq = seq + 1
	seq = in_seq
	local intent = v[12]
	local speaks = state == 'bot' and intent ~= 'n'
	local hands_over = state == 'bot' and intent == 'h'
	local queued_seq = seq + 1
	if hands_over then seq = queued_seq end
	local in_count = tonumber(v[24])
	local has_reply = speaks and #v > 24 + in_count
	local reply_seq = 0
	if has_reply then
		seq = seq + 1
		reply_seq = seq
	end

	if v[6] ~= '' then
		local key = 'ph:d:' .. P .. ':' .. C .. ':' .. v[6]
		local value = str(in_seq) .. ' ' .. str(reply_seq) .. ' ' .. v[2] .. ' ' .. v[7]
		local old = call('SET', key, value, 'NX', 'GET', 'PX', v[9])
		if old then
			local o = {old:match('^(%d+) (%d+) (%d+) (.*)$')}
			if v[7] == '' or (o[4] ~= v[7] and tonumber(o[3]) >= tonumber(v[8])) then
				if v[7] ~= '' then
					call('SET', key, o[1] .. ' ' .. o[2] .. ' ' .. o[3] .. ' ' .. v[7], 'KEEPTTL')
				end
				return received_again(P, C, now, a, o, h, opt)
			end
			call('SET', key, value, 'PX', v[9])
		end
	end

	log_append(P, C, in_seq, opt.log_max, slice(v, 25, in_count))
	local queue = h.qu or v[13]
	local waits = state ~= 'bot' and ((h.wait and h.wait ~= '') and h.wait or v[2]) or nil
	if fresh or state == 'bot' then
		queue = v[13]
		if hands_over then waits = v[2] end
	end
	if hands_over then
		state = 'queued'
		session_event(P, C, now, queued_seq, opt.log_max, sid, 'queued', {qu = queue})
	end
	local un = has_reply and not hands_over and '0' or str(tonumber(h.un or 0) + 1)
	local set = {'seq', str(seq), 'sst', state, 'sid', str(sid), 'last', v[2], 'lx', v[22], 'ld', 'i', 'lin', str(in_seq),
		'ch', v[4], 'lo', v[5], 'un', un, 'n', str(tonumber(h.n or 0) + (has_reply and 2 or 1))}
	local function also(name, value)
		set[#set + 1] = name
		set[#set + 1] = value
	end
	if first then
		also('ad', v[3])
		also('t0', v[2])
	end
	if v[23] ~= '' then also('lg', v[23]) end
	if waits then also('qu', queue) end
	if waits or fresh then also('wait', waits or '') end
	if fresh and h.ag and h.ag ~= '' then
		also('ag', '')
		also('an', '')
	end
	grant(P, C, now, tonumber(v[10]), tonumber(v[11]), set)
	call('HSET', conv, unpack(set))

	local how, code = '-', ''
	if has_reply then
		log_append(P, C, reply_seq, opt.log_max, slice(v, 25 + in_count, #v - 24 - in_count))
		local letter
		letter, code = dispatch(P, C, now, reply_seq, a)
		how = letter == 'f' and 'f' or a.how
		if letter == 'f' then
			status_append(P, C, now, reply_seq, 'f', {cd = code}, opt)
		end
	end
	keep(P, C, now, h.last, v[19])
	if opt.outbox then outbox(P, 'received', C, in_seq) end
	if is_watched(state, v[3]) then hint(C, seq) end
	return {'new', in_seq, state, reply_seq, how, str(sid), queue, waits or '0', code or ''}
end

-- What message dup_key said was not all: these fields take its place. A second time with the same revision, or a lower one,
-- nothing happens. args: C dup_key dup_ttl revision log_max outbox last_text fields...
-- returns {none} (the first is not known), {dup, of} or {new, of, seq}
local function mend(keys, v)
	local P, C = keys[1], v[1]
	local conv, key = 'ph:c:' .. P .. ':' .. C, 'ph:d:' .. P .. ':' .. C .. ':' .. v[2]
	local of = (call('GET', key) or ''):match('^(%d+)')
	if not of then return {'none'} end
	local before = call('GET', key .. ':mend')
	if before and tonumber(before) >= tonumber(v[4]) then return {'dup', tonumber(of)} end
	call('SET', key .. ':mend', v[4], 'PX', v[3])
	local h = call('HMGET', conv, 'sst', 'ad', 'lin', 'ld')
	local seq = call('HINCRBY', conv, 'seq', 1)
	local fields = slice(v, 8, #v - 7)
	fields[#fields + 1] = 'of'
	fields[#fields + 1] = of
	log_append(P, C, seq, v[5], fields)
	if h[3] == of and h[4] == 'i' then call('HSET', conv, 'lx', v[7]) end
	if v[6] == '1' then outbox(P, 'edited', C, seq) end
	if is_watched(h[1], h[2]) then hint(C, seq) end
	return {'new', tonumber(of), seq}
end

-- ---------------------------------------------------------------- send

-- args: C now address channel local dup_key dup_ttl how node limited uncertain lane agent retention log_max outbox
--       last_text fields...
-- agent: the session must be assigned to it; "" for others
-- returns {new|dup, seq, ts, letter, code} or {refused, code}
local function send(keys, v)
	local P, C, now = keys[1], v[1], tonumber(v[2])
	local conv = 'ph:c:' .. P .. ':' .. C
	local opt = {log_max = v[15], outbox = v[16] == '1', reader = v[8] == 'r'}
	local key = v[6] ~= '' and 'ph:d:' .. P .. ':' .. C .. ':' .. v[6]
	local old = key and call('GET', key)
	if old then
		local seq, ts = old:match('^(%d+) 0 (%d+)')
		return {'dup', tonumber(seq), tonumber(ts), call('HGET', 'ph:o:' .. P .. ':' .. C, seq) or final_letters(P, C, tonumber(seq)) or 's', ''}
	end
	local h = call('HMGET', conv, 'sst', 'ag', 'seq', 'n', 'last')
	if v[13] ~= '' and (h[1] ~= 'assigned' or h[2] ~= v[13]) then return {'refused', 'not_yours'} end
	local seq = tonumber(h[3] or 0) + 1
	if key then call('SET', key, seq .. ' 0 ' .. now .. ' ', 'PX', v[7]) end
	local set = {'seq', seq, 'last', now, 'lx', v[17], 'ld', 'o', 'n', tonumber(h[4] or 0) + 1}
	if v[13] ~= '' then
		for _, x in ipairs({'wait', '', 'un', 0, 'rs', seq}) do set[#set + 1] = x end
	end
	if not h[3] then
		for _, x in ipairs({'ad', v[3], 't0', now, 'ch', v[4], 'lo', v[5], 'sst', 'none', 'sid', 0}) do set[#set + 1] = x end
	end
	call('HSET', conv, unpack(set))
	log_append(P, C, seq, opt.log_max, slice(v, 18, #v - 17))
	local letter, code = dispatch(P, C, now, seq, {how = v[8], channel = v[4], node = v[9], limited = v[10] == '1',
		uncertain = v[11], lane = v[12]})
	keep(P, C, now, h[5], v[14])
	if letter == 'f' then status_append(P, C, now, seq, 'f', {cd = code}, opt) end
	if is_watched(h[1], v[3]) then hint(C, seq) end
	return {'new', seq, now, letter, code or ''}
end

-- Takes up to max messages out of a lane into a node's hands.
-- args: channel lane node now max limited log_max outbox; returns {left, {C, seq, address, local, entry, attempts}...}
local function claim(keys, v)
	local P, channel, lane, node, now = keys[1], v[1], v[2], v[3], tonumber(v[4])
	local key = 'ph:q:' .. P .. ':' .. channel .. ':' .. lane
	local opt = {log_max = v[7], outbox = v[8] == '1'}
	local out = {0}
	for _, item in ipairs(call('XRANGE', key, '-', '+', 'COUNT', v[5])) do
		local C, seq = item[2][2], item[2][4]
		local conv, o = 'ph:c:' .. P .. ':' .. C, 'ph:o:' .. P .. ':' .. C
		call('XDEL', key, item[1])
		local entry = call('XRANGE', 'ph:l:' .. P .. ':' .. C, seq, seq)[1]
		if entry and call('HGET', o, seq) == 'q' then
			local f = {}
			for i = 1, #entry[2], 2 do f[entry[2][i]] = entry[2][i + 1] end
			local refused
			if f.vm and now > tonumber(f.du or f.ts) + tonumber(f.vm) then
				refused = 'expired'
			elseif v[6] == '1' then
				refused = spend(conv, now)
			end
			if refused then
				settle(P, C, now, tonumber(seq), 0, 1, 'f', {cd = refused}, opt)
			else
				call('HSET', 'ph:f:' .. P .. ':' .. channel, C .. ' ' .. seq, node .. ' ' .. lane .. ' ' .. (f.uc or '1'))
				call('HDEL', o, seq)
				local h = call('HMGET', conv, 'ad', 'lo')
				out[#out + 1] = {C, tonumber(seq), h[1] or '', h[2] or '', entry[2], item[2][6] or '0'}
			end
		end
	end
	out[1] = call('XLEN', key)
	return out
end

-- Gives back to its lane what a node took and the channel could not take.
local function give_back(P, channel, C, seq, lane, attempts, now, mark, opt)
	call('HDEL', 'ph:f:' .. P .. ':' .. channel, C .. ' ' .. seq)
	call('HSET', 'ph:o:' .. P .. ':' .. C, seq, 'q')
	enqueue(P, C, channel, lane, seq, attempts)
	if mark ~= 0 then status_append(P, C, now, seq, 'q', {mk = mark, cd = 'resend'}, opt) end
end

local function id_key(P, channel, id)
	return 'ph:r:' .. P .. ':' .. channel .. ':' .. id
end

-- Keeps the peer's id of a part; returns the letter and the code of the receipt that came before it.
local function keep_id(P, channel, C, id, ttl, place)
	local old = call('SET', id_key(P, channel, id), place, 'GET', 'PX', ttl)
	local whose, letter, code = (old or ''):match('^!(%S+) (%a) ?(.*)$')
	if letter and (whose == '-' or whose == C) then return letter, code end
end

-- Notes outcomes of what a node had in hand. args: channel now limited log_max outbox node id_ttl, then groups of
-- 10: C seq letter part parts code reason flags last ("1": no receipt will come) id ("": none)
-- letter b: give back to the lane in code; part says how often it was sent in vain, flags are marks. Only what the node
-- still has: told again after a lost answer, the message may be in other hands. Returns the number of outcomes.
local function settle_many(keys, v)
	local P, channel, now = keys[1], v[1], tonumber(v[2])
	local count = 0
	for i = 8, #v, 10 do
		local C, seq, letter, part, parts = v[i], tonumber(v[i + 1]), v[i + 2], tonumber(v[i + 3]), tonumber(v[i + 4])
		local opt = {log_max = v[4], outbox = v[5] == '1', last = v[i + 8] == '1'}
		local flight, field = 'ph:f:' .. P .. ':' .. channel, C .. ' ' .. v[i + 1]
		if letter == 'b' then
			local owner = call('HGET', flight, field)
			if owner and owner:match('^(%S+)') == v[6] then
				give_back(P, channel, C, seq, v[i + 5], part, now, tonumber(v[i + 7]), opt)
				if v[3] == '1' then call('HINCRBY', 'ph:c:' .. P .. ':' .. C, 'gn', 1) end
			end
		else
			local done = part == parts - 1
			local in_hand = call(done and 'HDEL' or 'HEXISTS', flight, field) == 1
			local is = settle(P, C, now, seq, part, parts, letter, {cd = v[i + 5], rs = v[i + 6]}, opt, in_hand, done)
			if v[i + 9] ~= '' then
				local place = field .. ' ' .. v[i + 3] .. ' ' .. v[i + 4]
				local early, code = keep_id(P, channel, C, v[i + 9], v[7], place)
				if early then is = settle(P, C, now, seq, part, parts, early, {cd = code}, opt, in_hand and not done) end
			end
			if is ~= 'g' and not done then call('HDEL', flight, field) end
			local flags = tonumber(v[i + 7])
			if flags > 0 and v[3] == '1' then correct_ledger('ph:c:' .. P .. ':' .. C, seq, flags) end
		end
		count = count + 1
	end
	return count
end

-- A receipt, by the forms in which the peer may have written its id. Another form than the first is only a guess, that may
-- be another message's own id: where the receipt says whom it is of, the message must be to the same.
-- args: channel now letter code log_max outbox ttl park ("1": keep it for the id that is still to come) C ("": it does not
-- say) form...; returns the state's letter, or "" when no message has such an id here
local function receipt(keys, v)
	local P, opt = keys[1], {log_max = v[5], outbox = v[6] == '1'}
	for i = 10, #v do
		local place = call('GET', id_key(P, v[1], v[i])) or ''
		local C, seq, part, parts = place:match('^(%x+) (%d+) (%d+) (%d+)$')
		if C and (i == 10 or v[9] == '' or v[9] == C) then
			local in_hand = call('HEXISTS', 'ph:f:' .. P .. ':' .. v[1], C .. ' ' .. seq) == 1
			return settle(P, C, tonumber(v[2]), tonumber(seq), tonumber(part), tonumber(parts), v[3], {cd = v[4]}, opt,
				in_hand) or v[3]
		elseif not C and v[8] == '1' then
			local whose = i > 10 and v[9] ~= '' and v[9] or '-'
			call('SET', id_key(P, v[1], v[i]), '!' .. whose .. ' ' .. v[3] .. ' ' .. v[4], 'PX', v[7])
		end
	end
	return ''
end

-- The reader has everything up to seq. args: C now seq letter(d r) log_max outbox
local function reached(keys, v)
	local P, C, seq = keys[1], v[1], tonumber(v[3])
	local opt = {log_max = v[5], outbox = v[6] == '1', reader = true}
	local open = {}
	for _, at in ipairs(call('HKEYS', 'ph:o:' .. P .. ':' .. C)) do
		if tonumber(at) <= seq then open[#open + 1] = tonumber(at) end
	end
	table.sort(open)
	for _, at in ipairs(open) do
		settle(P, C, tonumber(v[2]), at, 0, 1, v[4], {}, opt)
	end
	return #open
end

-- What became of a message's parts that have no outcome yet is unknown.
local function lose(P, C, now, seq, opt)
	local letters = call('HGET', 'ph:o:' .. P .. ':' .. C, seq) or 'g'
	for part = 0, #letters - 1 do
		if letters:sub(part + 1, part + 1) == 'g' then
			settle(P, C, now, seq, part, #letters, 'n', {cd = 'node_lost'}, opt, true, true)
		end
	end
end

-- What dead nodes had in hand for a channel. By its class a message goes back to its lane, marked, or is
-- unknown until the peer tells. args: now log_max outbox max channel...; returns {channel, lane, ...} that have work
local function reap(keys, v)
	local P, now = keys[1], tonumber(v[1])
	local opt = {log_max = v[2], outbox = v[3] == '1'}
	local out = {}
	for i = 5, #v do
		local flight = 'ph:f:' .. P .. ':' .. v[i]
		local living, left = {}, tonumber(v[4])
		local cursor = '0'
		repeat
			local page = call('HSCAN', flight, cursor, 'COUNT', 100)
			cursor = page[1]
			local all = page[2]
			for j = 1, #all, 2 do
				local node, lane, hold = all[j + 1]:match('^(%S+) (%d) (%d)$')
				if living[node] == nil then living[node] = alive(P, node) or false end
				-- A scan may show a field twice.
				if not living[node] and call('HDEL', flight, all[j]) == 1 then
					local C, seq = all[j]:match('^(%S+) (%d+)$')
					left = left - 1
					if hold == '1' then
						lose(P, C, now, tonumber(seq), opt)
					else
						give_back(P, v[i], C, tonumber(seq), lane, 0, now, MAYBE_DOUBLED, opt)
					end
				end
			end
		until cursor == '0' or left <= 0
		for lane = 0, 2 do
			if call('EXISTS', 'ph:q:' .. P .. ':' .. v[i] .. ':' .. lane) == 1
				and call('XLEN', 'ph:q:' .. P .. ':' .. v[i] .. ':' .. lane) > 0 then
				out[#out + 1] = v[i]
				out[#out + 1] = lane
			end
		end
	end
	return out
end

-- What a node has in hand. args: instance channel...; returns {channel, C, seq, lane} ...
local function mine(keys, v)
	local out = {}
	for i = 2, #v do
		local all = call('HGETALL', 'ph:f:' .. keys[1] .. ':' .. v[i])
		for j = 1, #all, 2 do
			local C, seq = all[j]:match('^(%S+) (%d+)$')
			local node, lane = all[j + 1]:match('^(%S+) (%d)')
			if node == v[1] then out[#out + 1] = {v[i], C, seq, lane} end
		end
	end
	return out
end

-- I live. args: name instance ttl_ms
local function alive_until(keys, v)
	call('SET', 'ph:n:' .. keys[1] .. ':' .. v[1], v[2], 'PX', v[3])
	return 1
end

-- ---------------------------------------------------------------- sessions, at the conversation

-- args: C; returns the fields of ph:c as a flat list
local function conversation(keys, v)
	return call('HGETALL', 'ph:c:' .. keys[1] .. ':' .. v[1])
end

-- args: C seq
local function mark_read(keys, v)
	local P, C = keys[1], v[1]
	local conv = 'ph:c:' .. P .. ':' .. C
	local h = call('HMGET', conv, 'rs', 'lin')
	if not h[2] or tonumber(v[2]) <= tonumber(h[1] or 0) then return 0 end
	call('HSET', conv, 'rs', v[2])
	if tonumber(v[2]) >= tonumber(h[2]) then call('HSET', conv, 'un', 0) end
	return 1
end

-- args: C sid agent name now log_max by; returns ok, stale (the session is over), taken
local function assign(keys, v)
	local P, C, now = keys[1], v[1], tonumber(v[5])
	local conv = 'ph:c:' .. P .. ':' .. C
	local h = call('HMGET', conv, 'sid', 'sst', 'ag', 'wait')
	if h[1] ~= v[2] or h[2] == 'closed' or h[2] == 'wrapup' then return 'stale' end
	if h[2] == 'assigned' and h[3] == v[3] then return 'ok' end
	local seq = call('HINCRBY', conv, 'seq', 1)
	call('HSET', conv, 'sst', 'assigned', 'ag', v[3], 'an', v[4], 'wait', h[4] and h[4] ~= '' and h[4] or now)
	session_event(P, C, now, seq, v[6], v[2], 'assigned', {ag = v[3], an = v[4], by = v[7]})
	hint(C, seq)
	return 'ok'
end

-- args: C agent("" for anyone) state(closed queued) disposition note now log_max by sid("" for the present one); returns
-- {ok, sid, queue, since, state} or {code}. A desk that still has session sid when it is over is told closed.
local function release(keys, v)
	local P, C, now = keys[1], v[1], tonumber(v[6])
	local conv = 'ph:c:' .. P .. ':' .. C
	local h = call('HMGET', conv, 'sid', 'sst', 'ag', 'wait', 'qu', 'last')
	if v[9] ~= '' and (h[1] ~= v[9] or (h[2] ~= 'assigned' and h[2] ~= 'queued')) then
		return {'ok', v[9], h[5] or '', '', 'closed'}
	end
	if h[2] == v[3] then return {'ok', h[1], h[5] or '', h[4] or '', v[3]} end -- done before
	if v[2] ~= '' and (h[2] ~= 'assigned' or h[3] ~= v[2]) then return {'not_yours'} end
	if h[2] ~= 'assigned' and h[2] ~= 'queued' and h[2] ~= 'bot' then return {'session_closed'} end
	local seq = call('HINCRBY', conv, 'seq', 1)
	local since = (h[4] and h[4] ~= '') and h[4] or tostring(now)
	if v[3] == 'closed' then
		call('HSET', conv, 'sst', 'closed', 'ag', '', 'an', '', 'wait', '', 'un', 0)
	else
		call('HSET', conv, 'sst', 'queued', 'ag', '', 'an', '', 'wait', since)
	end
	session_event(P, C, now, seq, v[7], h[1], v[3], {di = v[4], no = v[5], by = v[8],
		qu = v[3] == 'queued' and h[5] or nil, ag = h[3] or nil})
	hint(C, seq)
	return {'ok', h[1], h[5] or '', since, v[3]}
end

-- ---------------------------------------------------------------- names

redis.register_function('ph_receive', receive)
redis.register_function('ph_mend', mend)
redis.register_function('ph_send', send)
redis.register_function('ph_claim', claim)
redis.register_function('ph_settle', settle_many)
redis.register_function('ph_receipt', receipt)
redis.register_function('ph_reached', reached)
redis.register_function('ph_reap', reap)
redis.register_function('ph_mine', mine)
redis.register_function('ph_alive', alive_until)
redis.register_function('ph_conversation', conversation)
redis.register_function('ph_mark_read', mark_read)
redis.register_function('ph_assign', assign)
redis.register_function('ph_release', release)
