/**
 * What the scripts share: reading, writing and burying one record. The fields' layout is in `layout.ts`.
 *
 * @module
 */

/**
 * Everything is local to the script. Redis's own calls cost less than what Lua does with numbers and texts,
 * so nothing is decoded or written that did not change.
 */
export const RECORD_LUA = String.raw`
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local FORMAT = '{FORMAT_VERSION}'
local GONE = { D = 'destroyed', E = 'expired', R = 'rotated' }
-- A writer's entry: seq, incarnation, version, time, occupied.
local WRITER = '^(%d+) (%S+) (%d+) (%d+%.?%d*) ([01])$'
local BAD_WRITER = "a writer's entry is unreadable"

-- A time or size as text. %d is the quickest, %.17g holds every double.
local function text(number)
  local is_whole = number % 1 == 0 and number < 9007199254740992 and number > -9007199254740992
  return string.format(is_whole and '%d' or '%.17g', number)
end

local function corrupt(detail)
  return string.format('corrupt %s %s', text(now), detail)
end

-- Reads fields by name. Answers their texts (false where absent), or nil and what to reply.
local function read(names)
  local texts = {}
  -- unpack() is bounded by Lua's stack.
  for from = 1, #names, 4000 do
    local part = redis.pcall('HMGET', key, unpack(names, from, math.min(#names, from + 3999)))
    if part.err then
      if string.find(part.err, '^WRONGTYPE') then return nil, corrupt('the key holds no hash') end
      return nil, part
    end
    if from == 1 and #names <= 4000 then return part end
    for index = 1, #part do texts[from + index - 1] = part[index] end
  end
  return texts
end

-- Answers the meta; nil when there is no record; or nil and what to reply. What few commits need stays
-- text until told_identity and told_sizes are asked: numbers are what costs most here.
local function decode_meta(i, m, s, h)
  if not (i and m and s) then
    if redis.call('EXISTS', key) == 0 then return nil end
    return nil, corrupt('its meta is missing')
  end
  local format, state, incarnation, absolute = string.match(i, '^(%S+) ([LMDER]) (%S+) (%S+) ')
  if format ~= FORMAT then
    format = string.match(i, '^(%S+) [LMDER] ')
    if not format or format == FORMAT then return nil, corrupt('its identity is unreadable') end
    return nil, corrupt('format version ' .. string.sub(format, 1, 16) .. ' is unknown')
  end
  local version, tag, expires, drop = string.match(m, '^(%S+) (%S+) (%S+) (%S+)$')
  -- The last word: a time of 13 digits mostly, which need not be looked for.
  local oldest = string.match(s, ' (%S+)$', -14) or string.match(s, ' (%S+)$')
  local meta = {
    i = i, s = s, h = h or '-', state = state, incarnation = incarnation, version = tonumber(version), tag = tag,
    expires = tonumber(expires), drop = tonumber(drop), absolute = absolute ~= '-' and tonumber(absolute),
    oldest = tonumber(oldest), holders = h or '-',
  }
  if not (version and meta.version and meta.expires and meta.drop and meta.oldest and
    (meta.absolute or absolute == '-')) then
    return nil, corrupt('its meta is unreadable')
  end
  -- The server drops the key at this time by itself; a key that lost its TTL is no different.
  if now >= meta.drop then
    redis.call('DEL', key)
    return nil
  end
  return meta
end

-- Adds made and created; answers what to reply when they are unreadable.
local function told_identity(meta)
  if meta.made then return nil end
  local made, created = string.match(meta.i, '^%S+ %a %S+ %S+ (%S+) (%S+)$')
  meta.made, meta.created = tonumber(made), tonumber(created)
  if not (meta.made and meta.created) then return corrupt('its identity is unreadable') end
end

-- Adds the totals and the floor; answers what to reply when they are unreadable.
local function told_sizes(meta)
  if meta.fields then return nil end
  local fields, bytes, appended, capacity, dimension, floor =
    string.match(meta.s, '^(%d+) (%d+) (%d+) (%d+) (%S+) (%S+) %S+$')
  if not (fields and tonumber(dimension) and tonumber(floor)) then
    return corrupt('its totals are unreadable')
  end
  meta.fields, meta.bytes, meta.appended = tonumber(fields), tonumber(bytes), tonumber(appended)
  meta.capacity, meta.dimension, meta.floor = tonumber(capacity), tonumber(dimension), tonumber(floor)
end

-- Puts the meta into the list of names and values for HSET that begins with 'm' and its value. Answers texts that are
-- needed again: the version's, the expiry's, the drop's. Nobody holding it is told apart by the caller.
local function encode_meta(meta, sets)
  local version, expires, drop = text(meta.version), text(meta.expires), text(meta.drop)
  -- Put together by itself a text costs less than half of what string.format does.
  sets[2] = version .. ' ' .. meta.tag .. ' ' .. expires .. ' ' .. drop
  if meta.holders ~= '-' and meta.holders ~= meta.h then
    sets[#sets + 1] = 'h'
    sets[#sets + 1] = meta.holders
  end
  if meta.fields then
    local s = string.format('%d %d %d %d %s %s %s', meta.fields, meta.bytes, meta.appended, meta.capacity,
      text(meta.dimension), text(meta.floor), text(meta.oldest))
    if s ~= meta.s then
      sets[#sets + 1] = 's'
      sets[#sets + 1] = s
    end
  end
  return version, expires, drop
end

local function encode_identity(meta, sets)
  sets[#sets + 1] = 'i'
  sets[#sets + 1] = string.format('%s %s %s %s %s %s', FORMAT, meta.state, meta.incarnation,
    meta.absolute and text(meta.absolute) or '-', text(meta.made), text(meta.created))
end

-- All writers' fields: a list of name, value, name, value.
local function list_writers()
  local names, pairs_ = {}, {}
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) == 'w:' then names[#names + 1] = name end
  end
  if #names == 0 then return pairs_ end
  for index, value in ipairs((read(names))) do
    pairs_[#pairs_ + 1] = names[index]
    pairs_[#pairs_ + 1] = value
  end
  return pairs_
end

local function hset(sets)
  for from = 1, #sets, 4000 do
    redis.call('HSET', key, unpack(sets, from, math.min(#sets, from + 3999)))
  end
end

-- The drop's time, and its text where there is one.
local function expire_at(drop, known)
  redis.call('PEXPIREAT', key, drop % 1 == 0 and known or text(math.ceil(drop)))
end

-- Empties a record but for its writers, which are returned. A new key is small again; HDEL would leave
-- the hash table that the vectors needed.
local function strip()
  local writers = list_writers()
  redis.call('DEL', key)
  return writers
end

-- Makes meta a tombstone's. Both parts of it were told before.
local function bury(meta, state, drop)
  meta.s, meta.h = nil, nil
  meta.state, meta.drop, meta.holders, meta.tag = state, drop, '-', '-'
  meta.fields, meta.bytes, meta.appended, meta.capacity, meta.dimension = 0, 0, 0, 0, 0
  meta.expires, meta.absolute = 0, false
end

-- Rule 18: somebody is told that the session expired, so from now on it has. Answers a problem, if any.
local function close_expired(meta, tombstone)
  local problem = told_identity(meta) or told_sizes(meta)
  if problem then return problem end
  bury(meta, 'E', now + tombstone)
  local sets = { 'm', '' }
  for _, part in ipairs(strip()) do sets[#sets + 1] = part end
  encode_identity(meta, sets)
  encode_meta(meta, sets)
  hset(sets)
  expire_at(meta.drop)
end

-- The holders' list with one more; at most {MAX_HOLDERS} are named.
local function add_holder(holders, pod)
  if holders == '-' then return pod end
  if holders == 'all' then return holders end
  local count = 1
  for held in string.gmatch(holders, '[^,]+') do
    if held == pod then return holders end
    count = count + 1
  end
  return count <= {MAX_HOLDERS} and holders .. ',' .. pod or 'all'
end

local function without_holder(holders, pod)
  if holders == pod then return '-' end
  local others = {}
  for held in string.gmatch(holders, '[^,]+') do
    if held ~= pod then others[#others + 1] = held end
  end
  return table.concat(others, ',')
end

-- A number's JSON text: the shortest that reads back as the same double, written as ECMAScript does, so
-- that sizes are the same in every store.
local function number_text(number)
  if number % 1 == 0 and number < 9007199254740992 and number > -9007199254740992 then
    return string.format('%d', number)
  end
  local size, text = math.abs(number)
  -- 15 digits always survive; of a subnormal fewer may.
  for digits = size < 2.3e-308 and 1 or 15, 17 do
    text = string.format('%.' .. digits .. 'g', number)
    if tonumber(text) == number then break end
  end
  local mantissa, sign, exponent = string.match(text, '^(.-)e([+-])0*(%d+)$')
  if not mantissa then return text end
  local minus, whole, fraction = string.match(mantissa, '^(-?)(%d)%.?(%d*)$')
  if sign == '+' and tonumber(exponent) < 21 then
    return minus .. whole .. fraction .. string.rep('0', exponent - #fraction)
  elseif sign == '-' and tonumber(exponent) < 7 then
    return minus .. '0.' .. string.rep('0', exponent - 1) .. whole .. fraction
  end
  return mantissa .. 'e' .. sign .. exponent
end
`;
