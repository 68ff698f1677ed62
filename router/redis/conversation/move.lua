
-- ---------------------------------------------------------------- from one account's lanes to another's

local function peek_one(P, item)
	local C, seq, _, doubled = lane_parse(item)
	local k = open_conversation(P, C)
	local waits = k.h and doubled == 0 and open_letters(k.h, seq) == 'q'
	return waits and address_of(k.h) or '', waits and entry_of(k, seq) or ''
end

-- What stands in a lane from a place on, for who decides where it goes. What waits no more, or may have been sent by this
-- account already, has no entry: it stays, as does what is damaged, until its turn comes. args: channel lane from max; returns {item, address, entry, ...}
local function lane_peek(keys, v)
	local P, out = keys[1], {}
	local from = tonumber(v[3])
	local items = call('LRANGE', 'ph:q:' .. P .. ':' .. v[1] .. ':' .. v[2], str(from), str(from + tonumber(v[4]) - 1))
	for _, item in ipairs(items) do
		local ok, address, entry = pcall(peek_one, P, item)
		out[#out + 1] = item
		out[#out + 1] = ok and address or ''
		out[#out + 1] = ok and entry or ''
	end
	return out
end

local function reroute_one(P, item, channel)
	local C, seq = lane_parse(item)
	reroute(open_conversation(P, C), seq, channel)
end

-- Whole messages, in their order, behind what waits there; what was claimed meanwhile is not moved.
-- args: channel lane, then item channel ...; returns the number that was moved
local function lane_move(keys, v)
	local P, w, moved = keys[1], together(), 0
	local from = 'ph:q:' .. P .. ':' .. v[1] .. ':' .. v[2]
	for i = 3, #v, 2 do
		if call('LREM', from, '1', v[i]) == 1 then
			add(w.lanes, v[i + 1] .. ':' .. v[2], v[i])
			local ok, why = pcall(reroute_one, P, v[i], v[i + 1])
			if not ok then complain(why) end -- it is in no lane until all are through: none may be lost for it
			moved = moved + 1
		end
	end
	write_together(P, w)
	for lane in pairs(w.lanes) do tell_work(P, lane) end
	return moved
end

redis.register_function('ph2_lane_peek', lane_peek)
redis.register_function('ph2_lane_move', lane_move)
