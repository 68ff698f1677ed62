#!lua name=posthouse_knowledge
-- version 1
--
-- The catalogue that all nodes answer from: its versions, what is being edited, and what customers asked in vain. keys[1]
-- is "{tpl}", and all keys share its slot. Nothing here is on a message's way. A version is a list of sheets, one a
-- template; a sheet is kept once, by the hash of its text, however many versions and drafts have it. The list is cut into
-- pages, which are kept in the same way, and the version's root names them (edition_pages.h). Versions never change and
-- are never taken back: going back to one publishes its sheets again, as a new one.
--
-- No call takes longer the more templates there are, but for what a root costs, 41 octets for some 160 of them: whatever
-- goes through all of a catalogue is done by the node in steps. Sheets come first, then the pages that name them, then the
-- root, so that whatever is named is there; what nothing names any more is swept the other way round.
--
--   ph:{tpl}:sheet      hash    hash of a text -> the text
--   ph:{tpl}:page       hash    hash of a page -> the page: lines "HASH NAME FILE", in the catalogue's order
--   ph:{tpl}:root:N     string  the pages of version N in order: lines "HASH"
--   ph:{tpl}:about      hash    N -> who made it, when, from what: JSON
--   ph:{tpl}:now        string  the version that is published; its nodes follow
--   ph:{tpl}:in         hash    NAME -> "HASH FILE" of the version that is published
--   ph:{tpl}:in:TOKEN   hash    the same of a version that is about to be, forgotten unless it is soon
--   ph:{tpl}:writes     string  counts whatever may have named a sheet or page: a sweep that it overtakes ends
--   ph:{tpl}:sweep      string  the version after which a node has swept, or does
--   ph:{tpl}:draft      hash    NAME -> "BASE HASH MS BY FILE": BASE is what it was made from ("-": nothing), HASH what
--                               it would become ("-": nothing)
--   ph:{tpl}:files      hash    fingerprint of a directory of files -> "MS N": the version that it became
--   ph:{tpl}:imported   string  the root of the files that were imported last, as they were
--   ph:{tpl}:audit      stream  who did what, and when: act by, and id, hash or version; the last AUDIT_MAX
--   ph:{tpl}:asked      stream  what customers asked in vain (lessons.c)
--   ph:{tpl}:asked_in   hash    id of such a question -> "NAME BASE" of the draft that was made of it; BASE as above

local D = 'ph:{tpl}:'
local DRAFTS_MAX = 1000
local FILES_MAX = 100
local AUDIT_MAX = 10000
local INDEX_MS = 600000
local SCANNED = {page = 8, sheet = 100} -- at once; their texts are copied

-- redis.call, which is not there yet while the library is loaded.
local call
call = function(...)
	call = redis.call
	return call(...)
end

local function now_ms()
	local t = call('TIME')
	return string.format('%d', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000))
end

local function published()
	return tonumber(call('GET', D .. 'now') or 0)
end

local function sheet_of(hash)
	return hash and hash ~= '-' and call('HGET', D .. 'sheet', hash) or ''
end

local function audit(act, by, ...)
	call('XADD', D .. 'audit', 'MAXLEN', '~', AUDIT_MAX, '*', 'act', act, 'by', by, ...)
end

local function wrote()
	call('INCR', D .. 'writes')
end

local function tell(what)
	call('PUBLISH', 'ph:templates', what)
end

-- ---------------------------------------------------------------- reading

-- What is published, and what it says of a directory's fingerprint. args: fingerprint
-- returns {N, root, about, the version that the files became or ""}
local function templates_now(keys, v)
	local n = published()
	local became = call('HGET', D .. 'files', v[1] or '')
	return {n, call('GET', D .. 'root:' .. n) or '', call('HGET', D .. 'about', n) or '',
		became and became:match(' (%d+)$') or ''}
end

-- The root of a version. args: N (0: what is published); returns nil, or {N, root, about}
local function templates_version(keys, v)
	local n = tonumber(v[1])
	if n == 0 then n = published() end
	local root = call('GET', D .. 'root:' .. n)
	return root and {n, root, call('HGET', D .. 'about', n) or ''} or nil
end

-- All versions that are kept: {now, N, about, N, about...}, in no order.
local function templates_versions()
	local out = call('HGETALL', D .. 'about')
	table.insert(out, 1, published())
	return out
end

-- All drafts: {NAME, record...}
local function templates_drafts()
	return call('HGETALL', D .. 'draft')
end

-- One template. args: NAME; returns {now, "HASH FILE" or "", text, draft record or "", draft text}
local function templates_get(keys, v)
	local is = call('HGET', D .. 'in', v[1]) or ''
	local draft = call('HGET', D .. 'draft', v[1]) or ''
	return {published(), is, sheet_of(is:match('^%S+')), draft, sheet_of(draft:match('^%S+ (%S+)'))}
end

-- What a publication begins with: the version it replaces, its root (nil: none is kept), that of the files last imported,
-- all drafts.
local function templates_stage()
	local n = published()
	return {n, call('GET', D .. 'root:' .. n), call('GET', D .. 'imported') or '', call('HGETALL', D .. 'draft')}
end

-- ---------------------------------------------------------------- editing

local function author_of(draft)
	return draft:match('^%S+ %S+ %S+ (%S+)')
end

-- The questions that a draft was made of: listed no more once it is published.
local function mark_asked(name, base, v, from)
	for i = from, #v do call('HSET', D .. 'asked_in', v[i], name .. ' ' .. base) end
end

-- A draft is discarded: they are asked anew, whatever is published under its name later.
local function unmark_asked(name)
	local marks = call('HGETALL', D .. 'asked_in')
	for i = 1, #marks, 2 do
		if marks[i + 1]:match('^%S+') == name then call('HDEL', D .. 'asked_in', marks[i]) end
	end
end

local function discard(name, by)
	audit('discard', by, 'id', name)
	unmark_asked(name)
	return call('HDEL', D .. 'draft', name)
end

-- Keeps a draft. args: NAME, expected (hash of what the author saw last: draft or published; "*": whatever it is; "?": they
-- do not say, so it is nobody else's draft),
-- hash ("-": to be removed), text, file, by, own ("1": another's draft is not theirs to change), then the ids of the
-- questions it was made of. returns {"ok", hash}, {"again", hash} (that very draft is there: they got no answer and ask
-- once more), {"stale", hash that is}, {"theirs", by}, {"unseen", by}, {"unknown"}, {"full"}, {"none"}
local function templates_draft(keys, v)
	local name, expected, hash = v[1], v[2], v[3]
	local is = call('HGET', D .. 'in', name)
	local draft = call('HGET', D .. 'draft', name)
	local base = is and is:match('^%S+') or '-'
	local seen = draft and draft:match('^%S+ (%S+)') or base
	if expected ~= '*' and expected ~= '?' and expected ~= seen then
		local again = draft and seen == hash and author_of(draft) == v[6]
		return {again and 'again' or 'stale', seen}
	end
	if draft and author_of(draft) ~= v[6] then
		if v[7] == '1' then return {'theirs', author_of(draft)} end
		if expected == '?' and seen ~= hash then return {'unseen', author_of(draft)} end
	end
	if hash == '-' and base == '-' then
		if not draft then return {'unknown'} end
		discard(name, v[6]) -- it never was anything else
		return {'none'}
	end
	if hash == base then
		if draft then discard(name, v[6]) end
		return {'ok', hash}
	end
	if not draft and call('HLEN', D .. 'draft') >= DRAFTS_MAX then return {'full'} end
	wrote()
	if hash ~= '-' then call('HSET', D .. 'sheet', hash, v[4]) end
	local file = is and is:match('^%S+ (.*)$') or v[5]
	call('HSET', D .. 'draft', name, base .. ' ' .. hash .. ' ' .. now_ms() .. ' ' .. v[6] .. ' ' .. file)
	audit(hash == '-' and 'remove' or 'draft', v[6], 'id', name, 'hash', hash)
	mark_asked(name, base, v, 8)
	return {'ok', hash}
end

-- Forgets a draft. args: NAME by own expected (hash, or "*"); returns how many there were, -1: it is another's, -2: it is not
-- what is expected
local function templates_undraft(keys, v)
	local draft = call('HGET', D .. 'draft', v[1])
	if not draft then return 0 end
	if v[4] ~= '*' and v[4] ~= draft:match('^%S+ (%S+)') then return -2 end
	if v[3] == '1' and author_of(draft) ~= v[2] then return -1 end
	return discard(v[1], v[2])
end

-- What became of the draft that a question is in: "draft" (it is one still), "done" (published), "gone".
local function fate_of(name, base)
	if call('HEXISTS', D .. 'draft', name) == 1 then return 'draft' end
	local is = call('HGET', D .. 'in', name)
	return (is and is:match('^%S+') or '-') ~= base and 'done' or 'gone'
end

-- What customers asked in vain. Questions whose draft was published leave; those whose draft was discarded are asked
-- anew. args: count; returns {entries, {id, NAME, id, NAME...} of those that are in a draft}
local function templates_asked(keys, v)
	local marks = call('HGETALL', D .. 'asked_in')
	local fates, inside = {}, {}
	for i = 1, #marks, 2 do
		local id, mark = marks[i], marks[i + 1]
		local name, base = mark:match('^(%S+) (%S+)$')
		fates[mark] = fates[mark] or fate_of(name, base)
		if fates[mark] == 'draft' then
			inside[#inside + 1] = id
			inside[#inside + 1] = name
		else
			call('HDEL', D .. 'asked_in', id)
			if fates[mark] == 'done' then call('XDEL', D .. 'asked', id) end
		end
	end
	return {call('XREVRANGE', D .. 'asked', '+', '-', 'COUNT', v[1]), inside}
end

-- ---------------------------------------------------------------- publishing

-- Texts that a publication will name. args: hash text ...
local function templates_sheets(keys, v)
	wrote()
	call('HSET', D .. 'sheet', unpack(v))
	return 1
end

local function lines(text)
	return text:gmatch('(%S+) (%S+) ([^\n]*)\n')
end

-- Pages that a publication will name. args: hash text ...; returns 0: a sheet is not there any more
local function templates_pages(keys, v)
	for i = 2, #v, 2 do
		for hash in lines(v[i]) do
			if call('HEXISTS', D .. 'sheet', hash) == 0 then return 0 end
		end
	end
	wrote()
	call('HSET', D .. 'page', unpack(v))
	return 1
end

local function index(key, text)
	for hash, name, file in lines(text) do
		if hash == '-' then call('HDEL', key, name) else call('HSET', key, name, hash .. ' ' .. file) end
	end
end

-- More of what will be in ph:{tpl}:in. args: TOKEN, lines
local function templates_index(keys, v)
	index(D .. 'in:' .. v[1], v[2])
	call('PEXPIRE', D .. 'in:' .. v[1], INDEX_MS)
	return 1
end

local function pages_there(root)
	for hash in root:gmatch('%S+') do
		if call('HEXISTS', D .. 'page', hash) == 0 then return false end
	end
	return true
end

local function remember_files(fingerprint, n, root)
	if fingerprint == '' then return end
	call('SET', D .. 'imported', root)
	call('HSET', D .. 'files', fingerprint, now_ms() .. ' ' .. n)
	if call('HLEN', D .. 'files') <= FILES_MAX then return end
	local oldest, at
	local all = call('HGETALL', D .. 'files')
	for i = 1, #all, 2 do
		local ms = tonumber(all[i + 1]:match('^%d+'))
		if not at or ms < at then oldest, at = all[i], ms end
	end
	call('HDEL', D .. 'files', oldest)
end

-- What is published by name: all of it under a token, or what differs.
local function replace_in(token, changes)
	if token == '' then return index(D .. 'in', changes) end
	call('UNLINK', D .. 'in')
	if token == '-' then return end
	call('RENAME', D .. 'in:' .. token, D .. 'in')
	call('PERSIST', D .. 'in')
end

-- The versions before the last `keep`. What only they had is swept. list: is what earlier builds kept of one.
local function forget_versions(n, keep)
	for _, old in ipairs(call('HKEYS', D .. 'about')) do
		if tonumber(old) <= n - keep then
			call('HDEL', D .. 'about', old)
			call('UNLINK', D .. 'root:' .. old, D .. 'list:' .. old)
		end
	end
end

-- The root becomes the next version, if `base` is still what is published. args: base root about keep fingerprint
-- import token changes drafts. fingerprint "": no files were imported. token: of ph:{tpl}:in:TOKEN, "-" where that would
-- be empty, or "" where changes has the lines that differ ("- NAME ": gone). drafts: lines "HASH NAME " of those that it holds.
-- returns {"ok", N}, {"moved", now}, {"lost"} (what it names is not there any more)
local function templates_publish(keys, v)
	local base, root, about, keep, token = tonumber(v[1]), v[2], v[3], tonumber(v[4]), v[7]
	if base ~= published() then return {'moved', published()} end
	if not pages_there(root) or not pages_there(v[6]) then return {'lost'} end
	if token ~= '' and token ~= '-' and call('EXISTS', D .. 'in:' .. token) == 0 then return {'lost'} end
	wrote()
	local n = base
	if call('GET', D .. 'root:' .. base) ~= root then
		n = base + 1
		call('SET', D .. 'root:' .. n, root)
		call('HSET', D .. 'about', n, about)
		call('SET', D .. 'now', n)
		replace_in(token, v[8])
		local a = cjson.decode(about)
		audit(a.origin, a.by, 'version', n)
	end
	remember_files(v[5], n, v[6])
	for hash, name in lines(v[9]) do
		local draft = call('HGET', D .. 'draft', name)
		if draft and draft:match('^%S+ (%S+)') == hash then call('HDEL', D .. 'draft', name) end
	end
	if n ~= base then
		forget_versions(n, keep)
		tell(n)
	end
	return {'ok', n}
end

-- ---------------------------------------------------------------- sweeping

-- Begins a sweep, by one node for each version: what names pages and sheets. returns nil, or {writes, the root of the
-- files, {N...}, {hash...} of drafts}
local function templates_sweep()
	local n = tostring(published())
	if call('GET', D .. 'sweep') == n then return nil end
	call('SET', D .. 'sweep', n)
	local hashes = {}
	for _, record in ipairs(call('HVALS', D .. 'draft')) do
		hashes[#hashes + 1], hashes[#hashes + 2] = record:match('^(%S+) (%S+)')
	end
	return {tonumber(call('GET', D .. 'writes') or 0), call('GET', D .. 'imported') or '', call('HKEYS', D .. 'about'), hashes}
end

-- Some of the hashes that there are. args: "sheet" or "page", cursor; returns {cursor, hash...}
local function templates_scan(keys, v)
	local found = call('HSCAN', D .. v[1], v[2], 'COUNT', SCANNED[v[1]])
	local out = {found[1]}
	for i = 1, #found[2], 2 do out[#out + 1] = found[2][i] end
	return out
end

-- They go, unless anything may have been named since the sweep began. args: writes, "sheet" or "page", hash ...
-- returns how many, -1: something was
local function templates_drop(keys, v)
	if tonumber(call('GET', D .. 'writes') or 0) ~= tonumber(v[1]) then return -1 end
	return call('HDEL', D .. v[2], unpack(v, 3))
end

redis.register_function{function_name = 'ph_templates_now', callback = templates_now, flags = {'no-writes'}}
redis.register_function{function_name = 'ph_templates_version', callback = templates_version, flags = {'no-writes'}}
redis.register_function{function_name = 'ph_templates_versions', callback = templates_versions, flags = {'no-writes'}}
redis.register_function{function_name = 'ph_templates_drafts', callback = templates_drafts, flags = {'no-writes'}}
redis.register_function{function_name = 'ph_templates_get', callback = templates_get, flags = {'no-writes'}}
redis.register_function{function_name = 'ph_templates_stage', callback = templates_stage, flags = {'no-writes'}}
redis.register_function('ph_templates_draft', templates_draft)
redis.register_function('ph_templates_undraft', templates_undraft)
redis.register_function('ph_templates_asked', templates_asked)
redis.register_function('ph_templates_sheets', templates_sheets)
redis.register_function('ph_templates_publish', templates_publish)
redis.register_function('ph_templates_pages', templates_pages)
redis.register_function('ph_templates_index', templates_index)
redis.register_function('ph_templates_sweep', templates_sweep)
redis.register_function{function_name = 'ph_templates_scan', callback = templates_scan, flags = {'no-writes'}}
redis.register_function('ph_templates_drop', templates_drop)
