#!lua name=posthouse_webhook
-- version 1
--
-- Which node tells the webhooks. keys[1] is "{hooks}".
--
--   ph:{hooks}:teller   string  the node that tells them; expires

-- Takes or renews the lease. args: node ttl_ms; returns 1 when it is this node's
local function webhook_lease(keys, v)
	local key = 'ph:{hooks}:teller'
	local owner = redis.call('GET', key)
	if owner and owner ~= v[1] then return 0 end
	redis.call('SET', key, v[1], 'PX', v[2])
	return 1
end

-- Lets another node have it at once. args: node
local function webhook_release(keys, v)
	if redis.call('GET', 'ph:{hooks}:teller') == v[1] then redis.call('DEL', 'ph:{hooks}:teller') end
	return 1
end

redis.register_function('ph_webhook_lease', webhook_lease)
redis.register_function('ph_webhook_release', webhook_release)
