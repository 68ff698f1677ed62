#!lua name=posthouse_channel
-- version 2
--
-- Which node holds an account, what people want of a channel, the contract's rate, and whom we do not serve: the control
-- plane of channels. keys[1] is "{ctl}", and all keys share its slot; they change once a second or when somebody
-- decides, never with a message. Time is Redis' own here: a lease or a rate must not depend on whose clock is right.
-- Every function may be called again with the same arguments.
--
--   ph:{ctl}:lease:CH  string  the instance that holds the account CH; expires
--   ph:{ctl}:want      hash    CH -> "start|drain|stop ms by"
--   ph:{ctl}:health    hash    CH -> letter, told by who holds it: see route_health.c
--   ph:{ctl}:ask       string  counts who asked for reports
--   ph:{ctl}:report    hash    "CH NODE" -> "ask json"; expires
--   ph:{ctl}:op:ID     string  what a node asks the holder of an account to ask its peer, behind "WHO\n": the instance that
--                              took it, "" for nobody, "-": it is withdrawn; expires
--   ph:{ctl}:told:ID   string  what the peer said to that; expires
--   ph:{ctl}:rate:CH   string  the contract's bucket: when the next part is due by the rate alone, us; expires
--   ph:{ctl}:list      hash    "block|allow CH|* NUMBER" -> "ms by note"
--   ph:{ctl}:lists     string  counts the changes of ph:{ctl}:list

local D = 'ph:{ctl}:'
local REPORT_MS = 15000
local OP_MS = 20000
local TAKEN_MS = 180000 -- longer than anybody waits
local TOLD_MS = 60000
local LIST_MAX = 200000

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

local function now_us()
	local t = call('TIME')
	return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

local function now_ms()
	return string.format('%d', math.floor(now_us() / 1000))
end

local function tell(CH)
	call('PUBLISH', 'ph:hint', 'C ' .. CH)
end

local function name_of(instance)
	return instance:match('^(.*)#') or instance
end

local function wanted(CH)
	local record = call('HGET', D .. 'want', CH)
	return record and record:match('^%a+') or 'start'
end

local function set_want(CH, want, by)
	call('HSET', D .. 'want', CH, want .. ' ' .. now_ms() .. ' ' .. by)
	tell(CH)
end

-- ---------------------------------------------------------------- leases

-- Who may hold it: nobody does, or it is the caller's, or its former self's (one process at a time bears a name).
local function lease(CH, me, wants, ms)
	local key = D .. 'lease:' .. CH
	local holder = call('GET', key)
	if wants and (not holder or name_of(holder) == name_of(me)) then
		call('SET', key, me, 'PX', ms)
		if not holder then tell(CH) end
		return me, ms
	elseif not wants and holder == me then
		call('DEL', key)
		call('HDEL', D .. 'health', CH)
		tell(CH)
		return '', 0
	elseif not holder then
		call('HDEL', D .. 'health', CH)
		return '', 0
	end
	return holder, call('PTTL', key)
end

-- A node says which accounts it has or would have, and hears how things stand. args: instance lease_ms, then for each
-- channel CH kind hold health. kind: 1 (one node), a (all nodes). hold: 1 (have it, or would), 0 (have it not),
-- d (drained: nothing of it is left). health: of who has it, "" for no news.
-- returns {lists, {CH, want, holder, ms left, health}...}
local function sync(keys, v)
	local me, ms = v[1], tonumber(v[2])
	local out = {tonumber(call('GET', D .. 'lists') or 0)}
	for i = 3, #v, 4 do
		local CH, hold = v[i], v[i + 2]
		if hold == 'd' and wanted(CH) == 'drain' then set_want(CH, 'stop', 'drained') end
		local want, holder, left = wanted(CH), '', 0
		if v[i + 1] == '1' then
			local has = call('GET', D .. 'lease:' .. CH) == me
			holder, left = lease(CH, me, hold ~= '0' and (has or want ~= 'stop'), ms)
			if holder == me and v[i + 3] ~= '' and call('HGET', D .. 'health', CH) ~= v[i + 3] then
				call('HSET', D .. 'health', CH, v[i + 3])
				tell(CH)
			end
		end
		out[#out + 1] = {CH, want, holder, left, call('HGET', D .. 'health', CH) or ''}
	end
	return out
end

-- args: CH start|drain|stop by
local function want(keys, v)
	if wanted(v[1]) ~= v[2] or not call('HGET', D .. 'want', v[1]) then set_want(v[1], v[2], v[3]) end
	return call('HGET', D .. 'want', v[1])
end

-- ---------------------------------------------------------------- reports

-- Asks all nodes for reports; returns the number that fresh ones bear at least.
local function ask(keys, v)
	local n = call('INCR', D .. 'ask')
	call('PUBLISH', 'ph:hint', 'S ' .. n)
	return n
end

-- args: NODE ask, then for each channel CH json
local function report(keys, v)
	for i = 3, #v, 2 do call('HSET', D .. 'report', v[i] .. ' ' .. v[1], v[2] .. ' ' .. v[i + 1]) end
	call('PEXPIRE', D .. 'report', REPORT_MS)
	return 1
end

-- args: CH...; returns {reports as a flat list, {CH, want record, holder, health}...}
local function list(keys, v)
	local out = {call('HGETALL', D .. 'report')}
	for _, CH in ipairs(v) do
		out[#out + 1] = {CH, call('HGET', D .. 'want', CH) or '', call('GET', D .. 'lease:' .. CH) or '',
			call('HGET', D .. 'health', CH) or ''}
	end
	return out
end

-- ---------------------------------------------------------------- operations

-- Who took it, and the request; nil: there is none.
local function op_of(ID)
	local kept = call('GET', D .. 'op:' .. ID)
	if not kept then return nil end
	return kept:match('^([^\n]*)\n(.*)$')
end

-- Whoever holds CH is to ask its peer something; once, however often this is said. args: ID CH request
local function op_ask(keys, v)
	if call('EXISTS', D .. 'told:' .. v[1]) == 0 then call('SET', D .. 'op:' .. v[1], '\n' .. v[3], 'PX', OP_MS, 'NX') end
	call('PUBLISH', 'ph:hint', 'O ' .. v[2] .. ' ' .. v[1])
	return 1
end

-- The holder takes it, and no other; it is told again to who has it. args: ID instance; returns the request, or ""
local function op_take(keys, v)
	local who, request = op_of(v[1])
	if who ~= '' and who ~= v[2] then return '' end
	call('SET', D .. 'op:' .. v[1], v[2] .. '\n' .. request, 'PX', TAKEN_MS)
	return request
end

-- args: ID answer
local function op_told(keys, v)
	call('SET', D .. 'told:' .. v[1], v[2], 'PX', TOLD_MS)
	call('DEL', D .. 'op:' .. v[1])
	return 1
end

-- Who asked looks. args: ID late (1: what nobody took by now is withdrawn, even should it come only yet); returns {w}
-- (waits), {n} (nobody took it, and nobody will), {t answer}
local function op_look(keys, v)
	local told = call('GET', D .. 'told:' .. v[1])
	if told then return {'t', told} end
	local who = op_of(v[1])
	if v[2] == '1' and (who or '') == '' then
		call('SET', D .. 'op:' .. v[1], '-\n', 'PX', OP_MS)
		who = '-'
	end
	return {who == '-' and 'n' or 'w'}
end

-- ---------------------------------------------------------------- the contract

-- Up to want parts out of an account's bucket, shared by all nodes (GCRA). args: CH rate(parts a second) depth(parts) want
-- returns {granted, us until the next where none was}
local function take(keys, v)
	local key, step = D .. 'rate:' .. v[1], 1000000 / tonumber(v[2])
	local now, depth = now_us(), tonumber(v[3])
	local due = math.max(tonumber(call('GET', key) or 0), now)
	local room = math.floor((now + depth * step - due) / step + 0.000001)
	local n = math.min(tonumber(v[4]), room)
	if n <= 0 then return {0, math.max(1, math.ceil(due - now - (depth - 1) * step))} end
	due = due + n * step
	call('SET', key, string.format('%.3f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
	return {n, 0}
end

-- ---------------------------------------------------------------- whom we do not serve

-- args: block|allow CH|* NUMBER by note; NUMBER ends in "*" for all that begin so. returns the list's version, or -1: full
local function list_add(keys, v)
	local field = v[1] .. ' ' .. v[2] .. ' ' .. v[3]
	if call('HEXISTS', D .. 'list', field) == 0 and call('HLEN', D .. 'list') >= LIST_MAX then return -1 end
	call('HSET', D .. 'list', field, now_ms() .. ' ' .. v[4] .. ' ' .. v[5])
	local n = call('INCR', D .. 'lists')
	call('PUBLISH', 'ph:hint', 'B ' .. n)
	return n
end

-- args: block|allow CH|* NUMBER; returns 1, or 0 where it was not in it
local function list_remove(keys, v)
	if call('HDEL', D .. 'list', v[1] .. ' ' .. v[2] .. ' ' .. v[3]) == 0 then return 0 end
	call('PUBLISH', 'ph:hint', 'B ' .. call('INCR', D .. 'lists'))
	return 1
end

-- ---------------------------------------------------------------- lanes

-- How much waits. keys[1] is a partition here: its lanes lie with its conversations. args: CH...; returns the lengths of
-- the three lanes of each
local function lanes(keys, v)
	local out = {}
	for _, CH in ipairs(v) do
		for lane = 0, 2 do out[#out + 1] = call('LLEN', 'ph:q:' .. keys[1] .. ':' .. CH .. ':' .. lane) end
	end
	return out
end

-- ---------------------------------------------------------------- names

redis.register_function('ph_channel_sync', sync)
redis.register_function('ph_channel_want', want)
redis.register_function('ph_channel_ask', ask)
redis.register_function('ph_channel_report', report)
redis.register_function('ph_channel_list', list)
redis.register_function('ph_lanes', lanes)
redis.register_function('ph_op_ask', op_ask)
redis.register_function('ph_op_take', op_take)
redis.register_function('ph_op_told', op_told)
redis.register_function('ph_op_look', op_look)
redis.register_function('ph_rate_take', take)
redis.register_function('ph_list_add', list_add)
redis.register_function('ph_list_remove', list_remove)
