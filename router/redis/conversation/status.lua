
-- ---------------------------------------------------------------- what became of a message

-- The state of the whole from the letters of its parts: first what is not over for each of them. It is partial when some of
-- it was taken and some never will be.
local function fold(letters)
	if #letters == 1 then return letters end
	for letter in ('gqn'):gmatch('.') do
		if letters:find(letter, 1, true) then return letter end
	end
	local taken, refused = letters:find('[sdr]'), letters:match('c') or letters:match('f') or letters:match('u')
	if refused then return taken and 'p' or refused end
	local delivered = letters:find('d', 1, true)
	if letters:find('s', 1, true) then return delivered and 'p' or 's' end
	return delivered and 'd' or 'r'
end

local function is_step(from, to)
	if from == to then return false end
	if FINAL[from] then return from == 'u' and to == 'd' end -- EXPIRED, and then DELIVRD: it arrived
	if from == 'p' then return false end -- which of its parts did is not known any more
	if from == 'd' then return to == 'r' end
	if from == 'n' then return true end -- a late answer settles it
	return RANK[to] >= RANK[from]
end

local function open_letters(h, seq)
	return h[OPEN] ~= '' and h[OPEN]:match(' ' .. str(seq) .. ':(%a+)') or nil
end

-- letters nil: it is not open any more. What became of parts is kept of the last messages only.
local function set_open(h, seq, letters)
	local open = h[OPEN]
	if open ~= '' then open = open:gsub(' ' .. str(seq) .. ':%a+', '', 1) end
	if letters and #letters > 1 and #open > PARTS_MAX then open = open:gsub(' %d+:[sdrufc][sdrufc]+', '', 1) end
	h[OPEN] = letters and open .. ' ' .. str(seq) .. ':' .. letters or open
end

-- The last entry that says what became of a message: its letter, and the entry.
local function last_said(k, seq)
	local letter, said
	for _, entry in ipairs(entries_of(k, seq + 1, seq + SCAN_MAX)) do
		local is, of = entry:match('^s(%a) %d+ (%d+)')
		if is and tonumber(of) == seq then letter, said = is, entry end
	end
	return letter, said
end

-- The letters of a message's parts, or one for all.
local function letters_of(k, seq, in_hand)
	local open = open_letters(k.h, seq)
	if open or in_hand then return open or 'g' end
	local said = last_said(k, seq)
	return said and not MOVING[said] and said or 's'
end

-- Writes the step "message seq is now letter" into the log. e: cd code, rs reason, mk marks, at attempts; or said, all of
-- them as they were written before; pt: the letters of its parts, where they differ. That it was sent goes without saying where nobody looks.
local function status_append(k, now, seq, letter, e, opt)
	local at = append(k, 's' .. letter .. ' ' .. str(now) .. ' ' .. str(seq) .. ' '
		.. (e.said or rest({'cd', e.cd or '', 'rs', e.rs or '', 'mk', e.mk or '', 'at', e.at or ''}))
		.. (e.pt and rest({'pt', e.pt}) or ''))
	if opt.outbox then outbox(k.P, 'status', k.C, at) end
	if is_watched(k.h) then hint(k.C, at) end
end

local function is_told(k, was, letter, e, opt)
	return letter ~= 's' or not MOVING[was] or opt.outbox or e.mk or is_watched(k.h)
end

-- A message that finally failed is kept to be seen, and sent again by hand.
local function dead_add(P, channel, name, now)
	local key = 'ph:x:' .. P .. ':' .. channel
	call('ZADD', key, str(now), name)
	call('ZREMRANGEBYRANK', key, 0, -DEAD_MAX - 1)
end

-- f(...) for a message that is in no lane any more: should its conversation be damaged, it is found among the dead letters.
local function or_dead(P, channel, name, now, f, ...)
	local ok, result = pcall(f, ...)
	if ok then return result end
	complain(result)
	name = name and name:match('^%x+ %d+')
	if name then dead_add(P, channel, name, now) end
end

-- The whole of message seq is now letter. Returns it.
local function set_state(k, now, seq, was, letter, e, opt)
	if was == letter then return letter end
	if is_told(k, was, letter, e, opt) then status_append(k, now, seq, letter, e, opt) end
	if letter == 'f' and opt.channel then dead_add(k.P, opt.channel, k.C .. ' ' .. str(seq), now) end
	return letter
end

-- A part failed while others are under way: it is said at once, and again when the whole is over, since of several the
-- first failure is the cause. Returns what is then to be said: with a code, "partially delivered" means that a part failed.
local function failure(k, now, seq, before, letters, is, e, opt)
	if before == letters or #letters == 1 then return e end
	if not letters:find('[fuc]') then return is == 'p' and {} or e end
	if before:find('[fuc]') then
		local _, said = last_said(k, seq)
		said = said and said:match('^s%a %d+ %d+ (.*)$')
		return {said = said and said:gsub('pt %d+:%a+$', '')}
	end
	if is == fold(before) then status_append(k, now, seq, is, e, opt) end
	return e
end

-- Part `part` of `parts` (from 0) has reached letter. in_hand: a node has the message in hand, so that OPEN need not
-- know it yet. Returns the state of the whole.
local function settle(k, now, seq, part, parts, letter, e, opt, in_hand)
	local before = letters_of(k, seq, in_hand)
	local letters = before
	if #letters < parts then letters = string.rep(#letters == 1 and letters or 'g', parts) end
	if is_step(letters:sub(part + 1, part + 1), letter) then
		letters = letters:sub(1, part) .. letter .. letters:sub(part + 2)
	end
	local was, is = fold(before), fold(letters)
	local uniform = letters == string.rep(is, #letters)
	e.pt = not uniform and letters or nil
	if uniform or FINAL[is] then
		if open_letters(k.h, seq) then set_open(k.h, seq, nil) end
	else
		set_open(k.h, seq, letters)
	end
	local why = failure(k, now, seq, before, letters, is, e, opt)
	why.pt = e.pt
	return set_state(k, now, seq, was, is, why, opt)
end

-- ---------------------------------------------------------------- the reply ledger

local function grant(h, now, count, till)
	if count <= 0 then return end
	local at = till - now <= SHORT_WINDOW_MS and 1 or 3
	if h[LEDGER] == 0 then h[LEDGER] = {0, 0, 0, 0} end
	h[LEDGER][at], h[LEDGER][at + 1] = count, till
end

-- Takes one reply from the ledger: nil, or the code of the refusal.
local function spend(h, now)
	local g = h[LEDGER] ~= 0 and h[LEDGER] or {0, 0, 0, 0}
	if g[1] > 0 and now < g[2] then
		g[1] = g[1] - 1
	elseif g[3] > 0 and now < g[4] then
		g[3] = g[3] - 1
	elseif now < g[2] or now < g[4] then
		return 'reply_budget_used'
	else
		return 'reply_window_closed'
	end
end

local function refund(h)
	if h[LEDGER] == 0 then h[LEDGER] = {0, 0, 0, 0} end
	h[LEDGER][3] = h[LEDGER][3] + 1
end

-- What the channel told us of the ledger with message seq: flags as in connector.h. Not what the customer's next message
-- has overtaken, since that began the ledger anew.
local function correct_ledger(h, seq, flags)
	if h[LAST_IN] > seq then return end
	if h[LEDGER] == 0 then h[LEDGER] = {0, 0, 0, 0} end
	if flags % 2 >= 1 then h[LEDGER] = {0, 0, 0, 0} end -- window closed
	if flags % 4 >= 2 then h[LEDGER][1], h[LEDGER][3] = 0, 0 end -- budget used
	if flags % 8 >= 4 then refund(h) end -- it was free
end
