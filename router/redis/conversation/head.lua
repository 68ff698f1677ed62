#!lua name=posthouse_conversation_2
--
-- What must be atomic in one conversation: the data plane. This file and its neighbours are one library, put together
-- in the order that router/CMakeLists.txt says. keys[1] is the partition P, "{0}" ... "{3}", the first digit of the
-- conversation's id modulo 4; all keys of a conversation and of the lanes that lead out of it carry it, so they
-- share a slot. Who serves whom is decided in desk.lua, and no function touches both.
--
-- The number in the library's and the functions' names (ph2_) is that of this protocol and of the data: nodes of two
-- versions may use one Redis. Who changes either in a way that the former cannot read counts it up.
--
-- Every function may be called again with the same arguments after a lost answer: what was done is
-- found and told again. Times are ms since 1970, from the caller. Arguments marked [..] are one msgpack array.
--
-- Keys (P is keys[1], C a conversation, CH a channel):
--   ph:c:P:C         list    the conversation: its head (see below), then its log. Entry number seq is at seq - BASE
--   ph:d:P:C:DAY     hash    duplicates' keys that the head has no room for, of a day: KEY -> "seq reply epoch"
--   ph:q:P:CH:LANE   list    outbound that waits: "C seq", or "C seq attempts doubled since claim"
--   ph:s:P           zset    outbound that is not due yet: "CH LANE C seq" by when it is
--   ph:f:P:CH        hash    "C seq" -> "- node lane uncertain attempts doubled since" of outbound that a node has in
--                            hand for the first time; "+" in front: its outcome wants a second look, and "claim" may
--                            follow
--   ph:n:P:NODE      string  the living instance of a node, expires
--   ph:r:P:CH:SPAN   hash    of a span of time: peer's id -> "C seq", or "C seq part parts", of the message, in the
--                            partition of its conversation (a receipt says whom it is of); "*" where messages of
--                            several customers share it, and "id C" leads to each
--   ph:e:P:CH:SPAN   hash    receipts that came before their ids: id -> "C letter code" lines, "-C" for C's or anyone's
--   ph:x:P:CH        zset    dead letters: "C seq" by when it failed
--   ph:k:P:C         string  "UNTIL HOW BY": the customer is known as who they are; expires then
--   ph:w:P           stream  what webhooks tell
--
-- Entries of a log, text:
--   m: "m" direction (i o) status uncertain(0 1: hold) lane " " ts " " validity ["+" delay until due] " " channel " "
--      rest
--   s: "s" status " " ts " " seq of the message " " rest
--   z: "z " ts " " rest
--   k: "k " ts " " rest: the customer is known as who they are, or not any more
--   e: "e " ts " " seq of the message that is completed, or replaced at the peer " " revision " " rest
-- rest is "NAME LENGTH:VALUE" one after the other: see log_codec.h. No function reads it.
--
-- Letters of a message's state: h scheduled, q queued, g sending, n unknown, s sent, p partially delivered,
--   d delivered, r read, u undelivered, f failed, c canceled
--
-- What state a message is in: as OPEN of the head says, where it is named there; else sending, while a node has it in
-- hand; else as the last s entry after it says; else it was sent. So nothing need be written when it is.

-- A claim is a number by which one time that a message was in hand is told from another: 0 the first, later ones grow. An
-- outcome names its own, so one that is told late, or again because an answer was lost, ends no later try.

-- The head is text, so that what is needed most is found without reading all: "-", or "+" where somebody looks or entries
-- were cut off; OPEN; DUPS; WHO's four lines; STATE; GAVE; each ended by a line feed; then the numbers as NUMBERS says, and the
-- rest in msgpack where there is any. In a function it is an array. Its places:
local SEQ, BASE = 1, 2               -- the last number; how many entries were cut off
local STATE, SID = 3, 4              -- of the session, its number
local LAST, COUNT, UNREAD = 5, 6, 7  -- when the last message came or went; how many; unread by the agent
local LAST_IN, LAST_MESSAGE = 8, 9   -- numbers; the message that lists show: not the answer that followed by itself
local FIRST_MS = 10
local WHO = 11     -- "ADDRESS\nCHANNEL\nLOCAL\nLANGUAGE": of the customer, and of the last message that came
local DUPS = 12    -- the last duplicates' keys: "|KEY seq reply epoch" each
local EVICTED = 13 -- the last day on which a key went to ph:d
local OPEN = 14    -- " seq:letters of its parts" of messages that wait, or whose parts differ
local DESK = 15    -- 0, or {agent, its name, queue, since when the customer waits, read up to}
local LEDGER = 16  -- 0, or {replies left (short window), until, replies left (long window), until}
local REACHED = 17 -- 0, or {what the reader has up to, what it has seen up to}
local BOT = 18     -- what the bot's last turn left for the next one (bot.c), of this session; '': nothing
local GAVE = 19    -- 'TEMPLATE ms N SEQ ASKED': the last answer given by itself ('-': none), when, how many messages came since,
                   -- its number; that of a menu or a question of the bot's which nothing has followed yet, or 0; '': none

local AGENT, AGENT_NAME, QUEUE, WAIT, READ = 1, 2, 3, 4, 5

local RANK = {h = 0, q = 1, g = 2, n = 3, s = 4, p = 5, u = 6, f = 6, c = 6, d = 7, r = 8}
local FINAL = {u = true, f = true, c = true, r = true}
local MOVING = {h = true, q = true, g = true}
local SHORT_WINDOW_MS = 600000
local DAY_MS = 86400000
local SPAN_MS = 21600000 -- of the peer's ids
local SPANS = 12         -- 72 hours
local MAYBE_DOUBLED = 2
local OUTBOX_MAX = 100000
local DUPS_MAX = 300   -- octets
local OPEN_MAX = 32768 -- octets: some thousands of messages that wait
local PARTS_MAX = 4096 -- octets of OPEN, from which on parts of old messages are forgotten
local DEAD_MAX = 4000  -- of a channel in a partition
local EARLY_MAX = 4    -- customers of whom one id may be by a guess, before it is known
local EARLY_NAMED_MAX = 256 -- who may share one
-- SEQ BASE SID COUNT UNREAD LAST_IN LAST_MESSAGE EVICTED, LAST FIRST_MS
local NUMBERS = '>I4I4I4I4I4I4I4I4I8I8'
local FRONT_MAX = 8192 -- messages in front of a lane among which one that goes back finds its place
local SCAN_MAX = 500   -- entries after a message in which its last status is looked for

-- What is used often, each looked up once: none of it is there yet while the library is loaded.
local call, encode, decode, format, floor, numbers, numbers_of
local function look_up()
	call, encode, decode, format, floor = redis.call, cmsgpack.pack, cmsgpack.unpack, string.format, math.floor
	numbers, numbers_of = struct.pack, struct.unpack
end
call = function(...)
	look_up()
	return call(...)
end
encode = function(x)
	look_up()
	return encode(x)
end
decode = function(x)
	look_up()
	return decode(x)
end
format = function(...)
	look_up()
	return format(...)
end
floor = function(x)
	look_up()
	return floor(x)
end
numbers = function(...)
	look_up()
	return numbers(...)
end
numbers_of = function(...)
	look_up()
	return numbers_of(...)
end

-- ---------------------------------------------------------------- small things

-- Whole numbers as text: Redis would print them as doubles, which costs more than many a command.
local function str(n)
	return format('%d', n)
end

local function hint(C, seq)
	call('PUBLISH', 'ph:hint', 'L ' .. C .. ' ' .. seq)
end

local function alive(P, owner)
	local name = owner:match('^(.*)#')
	return name and call('GET', 'ph:n:' .. P .. ':' .. name) == owner
end

local function outbox(P, kind, C, seq)
	call('XADD', 'ph:w:' .. P, 'MAXLEN', '~', OUTBOX_MAX, '*', 'e', kind, 'c', C, 's', seq)
end

local function complain(why)
	redis.log(redis.LOG_WARNING, 'posthouse: ' .. tostring(type(why) == 'table' and why.err or why))
end

-- Runs f(P, common, item, w, opt) for each of v from the second on; what fails is told for that one alone.
local function each(v, f, P, common, w, opt)
	local out = {}
	for i = 2, #v do
		local ok, result = pcall(f, P, common, decode(v[i]), w, opt)
		if not ok then
			complain(result)
			result = 'e'
		end
		out[i - 1] = result
	end
	return out
end

-- A command with many arguments, in pieces that the stack bears.
local function call_many(name, key, args)
	local PIECE = 1000
	for from = 1, #args, PIECE do
		call(name, key, unpack(args, from, math.min(from + PIECE - 1, #args)))
	end
end

-- ---------------------------------------------------------------- a conversation

-- Somebody looks at it: an agent, a lead, or the customer's own page.
local function is_watched(h)
	return h[STATE] == 'queued' or h[STATE] == 'assigned' or h[WHO]:find('^web:') ~= nil
end

local function head_read(text)
	local open, dups, who, state, gave, at =
		text:match('^.([^\n]*)\n([^\n]*)\n([^\n]*\n[^\n]*\n[^\n]*\n[^\n]*)\n([^\n]*)\n([^\n]*)\n()')
	local seq, base, sid, count, unread, last_in, last_message, evicted, last, first
	seq, base, sid, count, unread, last_in, last_message, evicted, last, first, at = numbers_of(NUMBERS, text, at)
	local more = at <= #text and decode(text:sub(at)) or {0, 0, 0, ''}
	return {seq, base, state, sid, last, count, unread, last_in, last_message, first, who, dups, evicted, open,
		more[1], more[2], more[3], more[4], gave}
end

local function head_text(h)
	local more = ''
	if h[DESK] ~= 0 or h[LEDGER] ~= 0 or h[REACHED] ~= 0 or h[BOT] ~= '' then
		more = encode({h[DESK], h[LEDGER], h[REACHED], h[BOT]})
	end
	return ((is_watched(h) or h[BASE] > 0) and '+' or '-') .. h[OPEN] .. '\n' .. h[DUPS] .. '\n' .. h[WHO] .. '\n'
		.. h[STATE] .. '\n' .. h[GAVE] .. '\n' .. numbers(NUMBERS, h[SEQ], h[BASE], h[SID], h[COUNT], h[UNREAD],
		h[LAST_IN], h[LAST_MESSAGE], h[EVICTED], h[LAST], h[FIRST_MS]) .. more
end

-- As it is kept; k.h is nil when there is none.
local function open_conversation(P, C)
	local key = 'ph:c:' .. P .. ':' .. C
	local head = call('LINDEX', key, '0')
	return {P = P, C = C, key = key, h = head and head_read(head) or nil, kept = head and true, adds = {}}
end

local function new_head(now, who)
	return {0, 0, 'none', 0, 0, 0, 0, 0, 0, now, who, '', 0, '', 0, 0, 0, '', ''}
end

-- Appends an entry; its number.
local function append(k, entry)
	local seq = k.h[SEQ] + 1
	k.h[SEQ] = seq
	k.adds[#k.adds + 1] = entry
	return seq
end

local function entry_of(k, seq)
	local h = k.h
	if not h or seq <= h[BASE] or seq > h[SEQ] then return nil end
	local after = h[SEQ] - #k.adds
	if seq > after then return k.adds[seq - after] end
	return call('LINDEX', k.key, str(seq - h[BASE])) or nil
end

-- The entries from .. to, which are kept; those of this call included.
local function entries_of(k, from, to)
	local h, out = k.h, {}
	local after = h[SEQ] - #k.adds
	local last = math.min(to, after) - h[BASE]
	if from <= after and last > 0 then out = call('LRANGE', k.key, str(math.max(from - h[BASE], 1)), str(last)) end
	for seq = math.max(from, after + 1), math.min(to, h[SEQ]) do out[#out + 1] = k.adds[seq - after] end
	return out
end

-- Cuts the oldest entries off: the one that the head then overwrites is among them.
local function cut(k, log_max)
	local h = k.h
	local over = math.min(h[SEQ] - h[BASE] - log_max, h[SEQ] - #k.adds - h[BASE])
	if over < log_max / 50 then return end
	call('LTRIM', k.key, str(over), '-1')
	h[BASE] = h[BASE] + over
end

local function save(k, log_max)
	local h, adds = k.h, k.adds
	if not k.kept then
		call('RPUSH', k.key, head_text(h), unpack(adds))
	else
		if h[SEQ] - h[BASE] > log_max then cut(k, log_max) end
		call('LSET', k.key, '0', head_text(h))
		if adds[1] then call_many('RPUSH', k.key, adds) end
	end
	k.kept, k.adds = true, {}
end

-- Renews for how long a conversation is kept, with the first message of a day. last: when the one before it was.
local function keep(k, now, last, seconds)
	if floor(now / DAY_MS) ~= floor(last / DAY_MS) then call('EXPIRE', k.key, str(seconds)) end
end

local function address_of(h)
	return h[WHO]:match('^[^\n]*')
end

-- What our end follows from: the session, its queue, and the number that the customer wrote to, which is of the channel only
-- that it came by.
local function our_end(h, channel)
	local came_by, ours = h[WHO]:match('\n([^\n]*)\n([^\n]*)')
	return format('%d %s %s', h[SID], h[DESK] ~= 0 and h[DESK][QUEUE] or '', came_by == channel and ours or '')
end

-- The desk's part of the head, to be changed.
local function desk(h)
	if h[DESK] == 0 then h[DESK] = {'', '', '', 0, 0} end
	return h[DESK]
end

-- "NAME LENGTH:VALUE" of what is not empty; a nil would end the list.
local function rest(fields)
	local out = ''
	for i = 1, #fields, 2 do
		local value = fields[i + 1]
		if value ~= '' and value ~= 0 then
			value = tostring(value)
			out = out .. fields[i] .. ' ' .. #value .. ':' .. value
		end
	end
	return out
end

local function session_event(k, now, state, fields)
	return append(k, 'z ' .. str(now) .. ' ' .. rest({'sid', str(k.h[SID]), 'st', state}) .. rest(fields))
end

-- ---------------------------------------------------------------- duplicates

-- What is kept of a key: its message's number, that of the reply, the epoch. Keys and epochs are words.
local function dup_find(k, key, now)
	local h = k.h
	local found
	if h[DUPS]:find('|' .. key .. ' ', 1, true) then
		found = h[DUPS]:match('|' .. key .. ' ([^|]*)')
	elseif h[EVICTED] > 0 and h[EVICTED] >= floor(now / DAY_MS) - 1 then
		local today = floor(now / DAY_MS)
		local overflow = 'ph:d:' .. k.P .. ':' .. k.C .. ':'
		found = call('HGET', overflow .. str(today), key) or call('HGET', overflow .. str(today - 1), key)
	end
	if not found then return nil end
	local seq, reply, epoch = found:match('^(%d+) (%d+) (.*)$')
	return {seq = tonumber(seq), reply = tonumber(reply), epoch = epoch}
end

-- The oldest make room: they go where they are known for the rest of a day.
local function dups_cut(k, dups, now)
	local day = floor(now / DAY_MS)
	local overflow = 'ph:d:' .. k.P .. ':' .. k.C .. ':' .. str(day)
	local args = {}
	while #dups > DUPS_MAX do
		local over = dups:find('|', 2, true)
		if not over then break end
		args[#args + 1], args[#args + 2] = dups:sub(2, over - 1):match('^(%S+) (.*)$')
		dups = dups:sub(over)
	end
	if args[1] then
		call_many('HSET', overflow, args)
		call('EXPIRE', overflow, str(2 * DAY_MS / 1000))
		k.h[EVICTED] = day
	end
	return dups
end

-- known: the key is there already, and its value changes.
local function dup_keep(k, key, seq, reply, epoch, now, known)
	local h = k.h
	local dups = h[DUPS]
	if known then dups = dups:gsub('|' .. key .. ' [^|]*', '', 1) end
	dups = format('%s|%s %d %d %s', dups, key, seq, reply, epoch)
	h[DUPS] = #dups > DUPS_MAX and dups_cut(k, dups, now) or dups
end
