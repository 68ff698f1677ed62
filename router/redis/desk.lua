#!lua name=posthouse_desk
-- version 1
--
-- Queues, agents and who serves whom: the control plane. keys[1] is "{desk}", and all keys share its slot; they change
-- once a session, not once a message. What is decided here is told to the conversation afterwards (ph_assign)
-- and confirmed here (ph_desk_confirm), so a node that dies between leaves an open pair that the next call
-- returns. Every function may be called again with the same arguments.
--
--   ph:{desk}:q:QUEUE  zset   C by waiting since (ms; thousandths order those of one ms)
--   ph:{desk}:queues   set    queue names
--   ph:{desk}:s        hash   C -> "sid queue since agent" (agent "-" while it waits)
--   ph:{desk}:a:AGENT  hash   name, cap, pres, until (lease), qs (queues, joined by " ")
--   ph:{desk}:idle     zset   available agents by since when they are idle
--   ph:{desk}:as:AGENT set    C: who is served; its size is the agent's load
--   ph:{desk}:leases  zset   agents by when they are gone, unless their console says otherwise
--   ph:{desk}:pair     hash   C -> "sid agent": decided here, not yet told to the conversation
--   ph:{desk}:given    hash   C -> since when its agent has it (ms)
--   ph:{desk}:t:QUEUE  list   how long agents had the last sessions of the queue (ms), newest first; expires

local D = 'ph:{desk}:'
local LASTS = 20         -- sessions that tell how long one takes
local LASTS_LEAST = 3    -- of fewer nothing is said
local LASTS_MS = 86400000

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

local function desk_session(C)
	local s = call('HGET', D .. 's', C)
	if not s then return nil end
	local sid, queue, since, agent = s:match('^(%S+) (%S+) (%S+) (%S+)$')
	return {sid = sid, queue = queue, since = since, agent = agent ~= '-' and agent or nil}
end

local function desk_keep(C, s)
	call('HSET', D .. 's', C, s.sid .. ' ' .. s.queue .. ' ' .. s.since .. ' ' .. (s.agent or '-'))
end

local function tell_queues()
	call('PUBLISH', 'ph:hint', 'Q')
end

local function give(C, s, agent, now)
	s.agent = agent
	desk_keep(C, s)
	call('ZREM', D .. 'q:' .. s.queue, C)
	call('SADD', D .. 'as:' .. agent, C)
	call('HSET', D .. 'pair', C, s.sid .. ' ' .. agent)
	call('HSETNX', D .. 'given', C, now)
	call('PUBLISH', 'ph:hint', 'A ' .. agent .. ' ' .. C)
end

-- A session is an agent's no more: how long it was tells who waits how long they will.
local function note_time(C, s, now)
	local given, lasts = call('HGET', D .. 'given', C), D .. 't:' .. s.queue
	if not given then return end
	call('HDEL', D .. 'given', C)
	call('LPUSH', lasts, string.format('%d', math.max(tonumber(now) - tonumber(given), 0)))
	call('LTRIM', lasts, 0, LASTS - 1)
	call('PEXPIRE', lasts, LASTS_MS)
end

-- Takes a session away from its agent.
local function take_back(C, s, now)
	if not s.agent then return end
	note_time(C, s, now)
	call('SREM', D .. 'as:' .. s.agent, C)
	call('HDEL', D .. 'pair', C)
	if call('HGET', D .. 'a:' .. s.agent, 'pres') == 'available' then call('ZADD', D .. 'idle', now, s.agent) end
	call('PUBLISH', 'ph:hint', 'A ' .. s.agent .. ' ' .. C)
	s.agent = nil
end

-- A session leaves the desk: over, or a later one of the same conversation came.
local function forget(C, s, now)
	take_back(C, s, now)
	call('ZREM', D .. 'q:' .. s.queue, C)
	call('HDEL', D .. 's', C)
end

-- Who came in the same millisecond waits behind those who came before: by thousandths of it.
local function wait(C, s)
	local q, since = D .. 'q:' .. s.queue, tonumber(s.since)
	local last = call('ZREVRANGEBYSCORE', q, '(' .. since + 1, since, 'WITHSCORES', 'LIMIT', 0, 1)[2]
	call('ZADD', q, string.format('%.3f', last and math.min(last + 0.001, since + 0.999) or since), C)
end

local function serves(queues, queue)
	return (' ' .. queues .. ' '):find(' ' .. queue .. ' ', 1, true) ~= nil
end

-- The longest-idle available agent with free capacity who serves the queue.
local function free_agent(queue)
	for _, agent in ipairs(call('ZRANGE', D .. 'idle', 0, -1)) do
		local h = call('HMGET', D .. 'a:' .. agent, 'cap', 'qs')
		if serves(h[2] or '', queue) and call('SCARD', D .. 'as:' .. agent) < tonumber(h[1] or 0) then return agent end
	end
end

-- The longest-waiting customer to the longest-idle agent, until one of both runs out.
local function match(now)
	for _, queue in ipairs(call('SMEMBERS', D .. 'queues')) do
		while true do
			local C = call('ZRANGE', D .. 'q:' .. queue, 0, 0)[1]
			local s = C and desk_session(C)
			local agent = s and free_agent(queue)
			if C and not s then
				call('ZREM', D .. 'q:' .. queue, C)
			elseif not agent then
				break
			else
				give(C, s, agent, now)
				call('ZADD', D .. 'idle', now, agent)
			end
		end
	end
end

-- All pairs that their conversations were not told yet: {C, sid, agent, name, ...}
local function pairs_open(limit)
	local out = {}
	for i, x in ipairs(call('HGETALL', D .. 'pair')) do
		if i > limit * 2 then break end
		if i % 2 == 1 then
			out[#out + 1] = x
		else
			local sid, agent = x:match('^(%S+) (%S+)$')
			out[#out + 1] = sid
			out[#out + 1] = agent
			out[#out + 1] = call('HGET', D .. 'a:' .. agent, 'name') or agent
		end
	end
	return out
end

-- A session waits. args: C sid queue since now; returns pairs
local function desk_offer(keys, v)
	local s = desk_session(v[1])
	if s and tonumber(s.sid) > tonumber(v[2]) then return {} end
	if not (s and s.sid == v[2]) then
		if s then forget(v[1], s, v[5]) end
		s = {sid = v[2], queue = v[3], since = v[4]}
		desk_keep(v[1], s)
		call('SADD', D .. 'queues', v[3])
		wait(v[1], s)
		tell_queues()
		match(v[5])
	end
	return pairs_open(100)
end

-- The conversation has heard of its agent (ok), or its session is over (stale: forget it). When the desk has decided
-- anew meanwhile, the later decision is told again: two nodes may tell a conversation in the wrong order.
-- args: C sid agent ok|stale now; returns pairs
local function desk_confirm(keys, v)
	local s = desk_session(v[1])
	if call('HGET', D .. 'pair', v[1]) == v[2] .. ' ' .. v[3] then call('HDEL', D .. 'pair', v[1]) end
	if s and s.sid == v[2] then
		if v[4] == 'stale' then
			forget(v[1], s, v[5])
			tell_queues()
			match(v[5])
		elseif s.agent and s.agent ~= v[3] then
			call('HSET', D .. 'pair', v[1], s.sid .. ' ' .. s.agent)
		end
	end
	return pairs_open(100)
end

-- args: agent name capacity presence queues("a b") now lease_ms; returns pairs
local function desk_presence(keys, v)
	local key, now = D .. 'a:' .. v[1], tonumber(v[6])
	local before = call('HGET', key, 'pres')
	call('HSET', key, 'name', v[2], 'cap', v[3], 'pres', v[4], 'qs', v[5], 'until', now + tonumber(v[7]))
	call('ZADD', D .. 'leases', now + tonumber(v[7]), v[1])
	for queue in v[5]:gmatch('%S+') do call('SADD', D .. 'queues', queue) end
	if v[4] ~= 'available' then
		call('ZREM', D .. 'idle', v[1])
	elseif before ~= 'available' then
		call('ZADD', D .. 'idle', now, v[1])
	end
	if v[4] == 'available' then match(now) end
	if v[4] ~= before then tell_queues() end
	return pairs_open(100)
end

-- Who has it already is told again: the conversation may not have heard of it.
-- args: C sid agent name queue now; returns {ok, pairs} or {session_taken} or {session_closed}
local function desk_take(keys, v)
	local s = desk_session(v[1])
	if s and tonumber(s.sid) > tonumber(v[2]) then return {'session_closed', {}} end
	if s and s.sid ~= v[2] then
		forget(v[1], s, v[6])
		s = nil
	end
	if s and s.agent and s.agent ~= v[3] then return {'session_taken', {}} end
	call('HSETNX', D .. 'a:' .. v[3], 'name', v[4])
	give(v[1], s or {sid = v[2], queue = v[5], since = v[6]}, v[3], v[6])
	tell_queues()
	return {'ok', pairs_open(100)}
end

-- The session left its agent: closed, or back in its queue ("": the one that the desk knows).
-- args: C sid closed|queued queue since now; returns pairs
local function desk_release(keys, v)
	local s = desk_session(v[1])
	if s and s.sid == v[2] then
		take_back(v[1], s, v[6])
		if v[3] == 'queued' then
			s.queue, s.since = v[4] ~= '' and v[4] or s.queue, v[5]
			desk_keep(v[1], s)
			wait(v[1], s)
		else
			forget(v[1], s, v[6])
		end
		tell_queues()
		match(v[6])
	end
	return pairs_open(100)
end

-- args: agent max; returns {presence, {mine...}, {waiting...}, {queue, count, oldest, ...}}
local function desk_view(keys, v)
	local queues, waiting = {}, {}
	local names = call('SMEMBERS', D .. 'queues')
	table.sort(names)
	for _, queue in ipairs(names) do
		local first = call('ZRANGE', D .. 'q:' .. queue, 0, 0, 'WITHSCORES')
		for _, x in ipairs({queue, tostring(call('ZCARD', D .. 'q:' .. queue)), string.format('%d', first[2] or 0)}) do queues[#queues + 1] = x end
		for _, C in ipairs(call('ZRANGE', D .. 'q:' .. queue, 0, tonumber(v[2]) - 1)) do waiting[#waiting + 1] = C end
	end
	return {call('HGET', D .. 'a:' .. v[1], 'pres') or 'offline', call('SMEMBERS', D .. 'as:' .. v[1]), waiting, queues}
end

-- How long an agent usually has a session of the queue; 0: not known.
local function usual_time(queue)
	local lasts = call('LRANGE', D .. 't:' .. queue, 0, -1)
	if #lasts < LASTS_LEAST then return 0 end
	for i, ms in ipairs(lasts) do lasts[i] = tonumber(ms) end
	table.sort(lasts)
	return lasts[math.ceil(#lasts / 2)]
end

-- What somebody who asks for a person now is up against. Of agents those count who are available: how many sessions they may
-- have, and how many more. args: now max; returns {queue, waiting, agents, places, free places, usual time of a session, ...}
local function desk_outlook(keys, v)
	local queues, names = {}, call('SMEMBERS', D .. 'queues')
	table.sort(names)
	for _, queue in ipairs(names) do queues[queue] = {0, 0, 0} end
	for _, agent in ipairs(call('ZRANGEBYSCORE', D .. 'leases', '(' .. v[1], '+inf')) do
		local h = call('HMGET', D .. 'a:' .. agent, 'pres', 'cap', 'qs')
		if h[1] == 'available' then
			local places = tonumber(h[2] or 0)
			local free = math.max(places - call('SCARD', D .. 'as:' .. agent), 0)
			for queue in (h[3] or ''):gmatch('%S+') do
				local q = queues[queue]
				if q then q[1], q[2], q[3] = q[1] + 1, q[2] + places, q[3] + free end
			end
		end
	end
	local out = {}
	for i, queue in ipairs(names) do
		if i > tonumber(v[2]) then break end
		local q = queues[queue]
		for _, x in ipairs({queue, call('ZCARD', D .. 'q:' .. queue), q[1], q[2], q[3], usual_time(queue)}) do out[#out + 1] = x end
	end
	return out
end

-- Agents whose consoles are gone for longer than their lease are offline, and their sessions go
-- back. args: now max; returns {{C, agent, sid...}, pairs}: sessions to put back at their conversations first
local function desk_sweep(keys, v)
	local back = {}
	for _, agent in ipairs(call('ZRANGEBYSCORE', D .. 'leases', '-inf', v[1], 'LIMIT', 0, v[2])) do
		call('HSET', D .. 'a:' .. agent, 'pres', 'offline')
		call('ZREM', D .. 'idle', agent)
		local mine = call('SMEMBERS', D .. 'as:' .. agent)
		for _, C in ipairs(mine) do
			local s = desk_session(C)
			if s and s.agent == agent then
				for _, x in ipairs({C, agent, s.sid}) do back[#back + 1] = x end
			else
				call('SREM', D .. 'as:' .. agent, C)
			end
		end
		if #mine == 0 then call('ZREM', D .. 'leases', agent) end
	end
	return {back, pairs_open(100)}
end

redis.register_function('ph_desk_offer', desk_offer)
redis.register_function('ph_desk_confirm', desk_confirm)
redis.register_function('ph_desk_presence', desk_presence)
redis.register_function('ph_desk_take', desk_take)
redis.register_function('ph_desk_release', desk_release)
redis.register_function('ph_desk_view', desk_view)
redis.register_function('ph_desk_sweep', desk_sweep)
redis.register_function('ph_desk_outlook', desk_outlook)
