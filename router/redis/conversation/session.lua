
-- ---------------------------------------------------------------- reading

-- The log. args: C since before limit; returns {seq of the first, entry...}, in order: one more than limit where there
-- are more, at the end or, with before, at the beginning
local function read(keys, v)
	local k = open_conversation(keys[1], v[1])
	local h, since, before, limit = k.h, tonumber(v[2]), tonumber(v[3]), tonumber(v[4])
	if not h then return {0} end
	local from, to
	if before > 0 then
		to = math.min(before - 1, h[SEQ])
		from = math.max(to - limit, h[BASE] + 1)
	else
		from = math.max(since, h[BASE]) + 1
		to = math.min(from + limit, h[SEQ])
	end
	local out = {from}
	if from > to then return out end
	for i, entry in ipairs(entries_of(k, from, to)) do out[i + 1] = entry end
	return out
end

-- One message as it is now. args: C seq; returns {} or {entry, letter, the last that was said of it or "", the last that
-- completed or replaced it or "", outbound: the letters of its parts, one where they are all the same}
local function message(keys, v)
	local k, seq = open_conversation(keys[1], v[1]), tonumber(v[2])
	local entry = entry_of(k, seq)
	local direction, channel = (entry or ''):match('^m(%a)%S+ %d+ %S+ (%S*)')
	if not direction then return {} end
	local _, said = last_said(k, seq)
	if direction == 'i' then return {entry, entry:sub(3, 3), said or '', last_edit(k, seq) or ''} end
	local in_hand = call('HEXISTS', 'ph:f:' .. k.P .. ':' .. channel, k.C .. ' ' .. v[2]) == 1
	local letters = letters_of(k, seq, in_hand)
	return {entry, fold(letters), said or '', last_edit(k, seq) or '', letters}
end

-- args: C; returns names and values of its head; le is its last message's entry, or what took its place, li whether it came in
local function conversation(keys, v)
	local k = open_conversation(keys[1], v[1])
	local h = k.h
	if not h then return {} end
	local d, g = h[DESK], h[LEDGER]
	if d == 0 then d = {'', '', '', 0, 0} end
	if g == 0 then g = {0, 0, 0, 0} end
	local address, channel, ours, lang = h[WHO]:match('^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
	local out = {'ad', address, 'ch', channel, 'lo', ours, 'lg', lang, 'sst', h[STATE], 'sid', str(h[SID]),
		'seq', h[SEQ], 'un', h[UNREAD], 'last', h[LAST], 't0', h[FIRST_MS], 'n', h[COUNT],
		'ag', d[AGENT], 'an', d[AGENT_NAME], 'qu', d[QUEUE], 'wait', d[WAIT], 'rs', d[READ],
		'hn', g[1], 'hu', g[2], 'gn', g[3], 'gu', g[4], 'le', last_edit(k, h[LAST_MESSAGE]) or entry_of(k, h[LAST_MESSAGE]) or '',
		'li', h[LAST_MESSAGE] == h[LAST_IN] and 1 or 0, 'vf', call('GET', 'ph:k:' .. k.P .. ':' .. k.C) or ''}
	return out
end

-- args: C seq
local function mark_read(keys, v)
	local k, seq = open_conversation(keys[1], v[1]), tonumber(v[2])
	local h = k.h
	if not h or h[LAST_IN] == 0 or seq <= desk(h)[READ] then return 0 end
	h[DESK][READ] = seq
	if seq >= h[LAST_IN] then h[UNREAD] = 0 end
	call('LSET', k.key, '0', head_text(h))
	return 1
end

-- ---------------------------------------------------------------- sessions, at the conversation

-- args: C sid agent name now log_max by; returns ok, stale (the session is over), taken
local function assign(keys, v)
	local k, now = open_conversation(keys[1], v[1]), tonumber(v[5])
	local h = k.h
	if not h or str(h[SID]) ~= v[2] or h[STATE] == 'closed' or h[STATE] == 'wrapup' then return 'stale' end
	local d = desk(h)
	if h[STATE] == 'assigned' and d[AGENT] == v[3] then return 'ok' end
	h[STATE], d[AGENT], d[AGENT_NAME] = 'assigned', v[3], v[4]
	if d[WAIT] == 0 then d[WAIT] = now end
	session_event(k, now, 'assigned', {'ag', v[3], 'an', v[4], 'by', v[7]})
	save(k, tonumber(v[6]))
	hint(v[1], h[SEQ])
	return 'ok'
end

-- args: C agent("" for anyone) state(closed queued) disposition note now log_max by sid("" for the present one); returns
-- {ok, sid, queue, since, state} or {code}. A desk that still has session sid when it is over is told closed.
local function release(keys, v)
	local k, now = open_conversation(keys[1], v[1]), tonumber(v[6])
	local h = k.h
	if not h then return {'session_closed'} end
	local d, sid = desk(h), str(h[SID])
	local served = h[STATE] == 'assigned' or h[STATE] == 'queued'
	if v[9] ~= '' and (sid ~= v[9] or not served) then return {'ok', v[9], d[QUEUE], '', 'closed'} end
	if h[STATE] == v[3] then return {'ok', sid, d[QUEUE], str(d[WAIT]), v[3]} end -- done before
	if v[2] ~= '' and (h[STATE] ~= 'assigned' or d[AGENT] ~= v[2]) then return {'not_yours'} end
	if not served and h[STATE] ~= 'bot' then return {'session_closed'} end
	local since, agent = d[WAIT] ~= 0 and d[WAIT] or now, d[AGENT]
	h[STATE], d[AGENT], d[AGENT_NAME], d[WAIT] = v[3], '', '', since
	if v[3] == 'closed' then h[UNREAD], d[WAIT] = 0, 0 end
	session_event(k, now, v[3], {'ag', agent, 'qu', v[3] == 'queued' and d[QUEUE] or '', 'di', v[4], 'no', v[5], 'by', v[8]})
	save(k, tonumber(v[7]))
	hint(v[1], h[SEQ])
	return {'ok', sid, d[QUEUE], str(since), v[3]}
end

-- Whether the customer is known as who they are is kept apart from the conversation, since it ends by itself; who said so, how
-- and until when stands in its log. args: C address until(0: not any more) how by now retention log_max channel page; returns 1,
-- or 0 when nothing of it is news
-- page "1": said again with each page that is served. It cuts nothing that holds longer, and makes longer what it said itself
-- without a further entry.
local function verify(keys, v)
	local k, now, until_ms = open_conversation(keys[1], v[1]), tonumber(v[6]), tonumber(v[3])
	local key, value = 'ph:k:' .. k.P .. ':' .. k.C, v[3] .. ' ' .. v[4] .. ' ' .. v[5]
	local was = call('GET', key)
	if was == value or (not was and until_ms <= now) then return 0 end
	if v[10] == '1' and was and until_ms > now then
		local was_until, was_by = was:match('^(%d+) (.*)$')
		if until_ms <= tonumber(was_until) then return 0 end
		if was_by == v[4] .. ' ' .. v[5] then
			call('SET', key, value, 'PXAT', v[3])
			return 0
		end
	end
	if not k.h then k.h = new_head(now, v[2] .. '\n' .. v[9] .. '\n\n') end
	if until_ms > now then call('SET', key, value, 'PXAT', v[3]) else call('DEL', key) end
	append(k, 'k ' .. str(now) .. ' ' .. rest({'un', until_ms > now and v[3] or '', 'ho', v[4], 'by', v[5]}))
	save(k, tonumber(v[8]))
	if k.h[COUNT] == 0 then keep(k, now, 0, tonumber(v[7])) end
	hint(k.C, k.h[SEQ])
	return 1
end

-- ---------------------------------------------------------------- names

redis.register_function('ph2_receive', receive)
redis.register_function('ph2_mend', mend)
redis.register_function('ph2_replaced', replaced)
redis.register_function('ph2_send', send)
redis.register_function('ph2_claim', claim)
redis.register_function('ph2_due', due)
redis.register_function('ph2_cancel', cancel)
redis.register_function('ph2_settle', settle_many)
redis.register_function('ph2_receipt', receipt)
redis.register_function('ph2_reached', reached)
redis.register_function('ph2_reap', reap)
redis.register_function('ph2_held', held)
redis.register_function('ph2_mine', mine)
redis.register_function('ph2_alive', alive_until)
redis.register_function('ph2_dead', dead)
redis.register_function('ph2_dead_count', dead_count)
redis.register_function('ph2_replay', replay)
redis.register_function('ph2_drop', drop)
redis.register_function('ph2_read', read)
redis.register_function('ph2_message', message)
redis.register_function('ph2_conversation', conversation)
redis.register_function('ph2_mark_read', mark_read)
redis.register_function('ph2_assign', assign)
redis.register_function('ph2_release', release)
redis.register_function('ph2_verify', verify)
