#!lua name=posthouse_login
-- version 1
--
-- What must be atomic around a log-in. keys[1] is "{desk}"; all keys share its slot.
--
--   ph:{desk}:fail:u:USER        string  log-ins tried for a user and not succeeded, expires
--   ph:{desk}:fail:a:ADDRESS     string  the same from an address
--   ph:{desk}:fail:p:USER ADDR   string  the same for both together
--   ph:{desk}:login:HASH         string  "GENERATION EXPIRES USER" of a token, by its SHA-256; expires

local D = 'ph:{desk}:'

local function keys_of(user, address)
	return {D .. 'fail:p:' .. user .. ' ' .. address, D .. 'fail:u:' .. user, D .. 'fail:a:' .. address}
end

-- Counts a try before its password is looked at, so that many at once cannot pass together. The
-- pair's limit is low; the user's alone is high, so that a stranger cannot lock somebody out.
-- args: user address window_ms pair_max user_max address_max; returns ms to wait, 0: go on
local function login_try(keys, v)
	local names = keys_of(v[1], v[2])
	local wait = 0
	for i, key in ipairs(names) do
		if tonumber(redis.call('GET', key) or 0) >= tonumber(v[3 + i]) then
			wait = math.max(wait, redis.call('PTTL', key), 1000)
		end
	end
	if wait > 0 then return wait end
	for _, key in ipairs(names) do
		if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, v[3]) end
	end
	return 0
end

-- The password was right: the try does not count, and the token is known.
-- args: user address hash generation expires ttl_ms
local function login_done(keys, v)
	local names = keys_of(v[1], v[2])
	redis.call('DEL', names[1])
	for i = 2, 3 do
		if tonumber(redis.call('GET', names[i]) or 0) > 0 then redis.call('DECR', names[i]) end
	end
	redis.call('SET', D .. 'login:' .. v[3], v[4] .. ' ' .. v[5] .. ' ' .. v[1], 'PX', v[6])
	return 1
end

-- Who a token belongs to; renews it when renew is 1. args: hash now ttl_ms renew; returns nil or
-- {user, generation, expires, record}
local function login_check(keys, v)
	local key = D .. 'login:' .. v[1]
	local value = redis.call('GET', key)
	if not value then return nil end
	local generation, expires, user = value:match('^(%S+) (%S+) (%S+)$')
	if v[4] == '1' then
		expires = string.format('%.0f', tonumber(v[2]) + tonumber(v[3]))
		redis.call('SET', key, generation .. ' ' .. expires .. ' ' .. user, 'PX', v[3])
	end
	return {user, generation, expires, redis.call('HGET', D .. 'users', user) or ''}
end

redis.register_function('ph_login_try', login_try)
redis.register_function('ph_login_done', login_done)
redis.register_function('ph_login_check', login_check)
