/**
 * Second and third part of the commit script: what the batch makes of the record, and writing it.
 *
 * @module
 */

/** Works everything out and writes nothing; follows `DECIDE_LUA`. */
export const APPLY_LUA = String.raw`
-- What ends or moves a session writes its identity anew, and what ends it or takes its place its totals.
if meta then
  local ends = kind == 'destroy' or kind == 'finish'
  if ends or kind == 'freeze' or kind == 'thaw' then problem = told_identity(meta) end
  if ends or place == 'free' then problem = problem or told_sizes(meta) end
  if problem then return problem end
end

-- What is to be written: names and values for HSET (the first two in the end), names for HDEL, and whether all but the
-- writers goes.
local sets, deletes, strips = { 'm', '', names[5], '' }, {}, false
local tag, base_tag = writer .. ':' .. seq, place == 'live' and meta.tag or '-'
local notify, created, found, occupied, numbers = '-', 0, 1, 0, ''
local relabels = false
local reply_expires

local function blank(incarnation, created_at, past)
  return {
    state = 'L', incarnation = incarnation, made = now, created = created_at, version = 0, tag = '-',
    expires = now, drop = now, absolute = false, holders = '-', fields = 0, bytes = 0, appended = 0,
    capacity = 0, dimension = 0, floor = past and past.floor or 0, oldest = past and past.oldest or now,
  }
end

-- What takes a tombstone's place keeps its writers' entries as long as the tombstone would have.
local function drop_at(past, expires)
  return math.max(past and past.drop or 0, expires + grace)
end

if kind == 'destroy' or kind == 'finish' then
  found = meta and 1 or 0
  strips = meta ~= nil
  if not meta then
    meta = blank(incarnation, 0)
    meta.made = first.made or now
  end
  notify, reply_expires = meta.holders, meta.expires
  bury(meta, kind == 'finish' and 'R' or 'D', now + tombstone)
  meta.version = meta.version + 1
  relabels = true
elseif kind == 'freeze' or kind == 'thaw' then
  notify = meta.holders
  meta.state, meta.version, meta.tag, meta.holders = kind == 'freeze' and 'M' or 'L', meta.version + 1, tag, '-'
  relabels = true
  if kind == 'freeze' then
    sets[5], sets[6] = 'r', first.nonce .. ' ' .. first.to
  else
    deletes = { 'r' }
  end
elseif kind == 'adopt' and place ~= 'free' then
  -- Recorded too, or a late adopt would land after the occupant has gone (rule 20).
  found, occupied = 0, 1
elseif kind == 'adopt' then
  strips = meta ~= nil
  notify, created, relabels = meta and meta.holders or '-', 1, true
  local past = meta
  meta = blank(first.nonce, first.created, past)
  meta.version, meta.tag, meta.capacity = first.version + 1, tag, first.capacity
  meta.expires, meta.absolute, meta.drop = first.expires, first.absolute or false, drop_at(past, first.expires)
  for _, pair in ipairs(first) do
    sets[#sets + 1] = 'c:' .. pair[1]
    sets[#sets + 1] = pair[2]
    meta.fields, meta.bytes = meta.fields + 1, meta.bytes + #pair[1] + #pair[2]
  end
  local skipped = math.max(0, #first.vectors - first.capacity)
  for index, vector in ipairs(first.vectors) do
    if index > skipped then
      meta.bytes = meta.bytes + #vector
      sets[#sets + 1] = string.format('v:%d', index - skipped - 1)
      sets[#sets + 1] = vector
    end
  end
  meta.appended = #first.vectors - skipped
  meta.dimension = meta.appended > 0 and #first.vectors[skipped + 1] / 4 or 0
else
  local creates = kind == 'create' and place == 'free'
  local base = meta
  if creates then
    base = blank(first.nonce, now, meta)
    base.capacity = first.capacity
  else
    for index = 6, #names do named[string.sub(names[index], 3)] = texts[index] end
  end
  max_fields, max_bytes = tonumber(max_fields), tonumber(max_bytes)
  local changes, joins = creates, not creates
  local written, vectors = {}, {}

  local function misfit(index, reason, size, limit)
    return string.format('invalid %d %d %s %.17g %.17g', now, index - 1, reason, size or 0, limit or 0)
  end
  local function write(index, field, json)
    local before = named[field]
    local grown = (json and #field + #json or 0) - (before and #field + #before or 0)
    local added = (json and 1 or 0) - (before and 1 or 0)
    if grown ~= 0 or added ~= 0 then
      problem = told_sizes(base)
      if problem then return problem end
      base.bytes, base.fields = base.bytes + grown, base.fields + added
    end
    if added > 0 and base.fields > max_fields then
      return misfit(index, 'too-many-fields', base.fields, max_fields)
    end
    if grown > 0 and base.bytes > max_bytes then
      return misfit(index, 'session-too-large', base.bytes, max_bytes)
    end
    named[field], written[field], changes = json, true, true
  end

  if creates then
    named = {}
    for _, pair in ipairs(first) do
      problem = write(1, pair[1], pair[2])
      if problem then return problem end
    end
  end
  for index, operation in ipairs(operations) do
    local step = operation.kind
    if step ~= 'create' then joins = false end
    if step == 'increment' then
      local before = named[operation.field]
      if before and not string.find(before, '^-?%d') then return misfit(index, 'not-a-number') end
      -- The last 0 makes a zero of -0, which JSON cannot hold.
      local number = (before and (tonumber(before) or 0 / 0) or 0) + operation.by + 0
      if number - number ~= 0 then return misfit(index, 'not-finite') end
      local json = number_text(number)
      problem = write(index, operation.field, json)
      numbers = numbers .. ' ' .. json
    elseif step == 'set' then
      problem = write(index, operation.field, operation.json)
    elseif step == 'delete' then
      problem = write(index, operation.field, false)
    elseif step == 'append' then
      problem = told_sizes(base)
      if problem then return problem end
      local size = #operation.vector
      if base.dimension ~= 0 and size / 4 ~= base.dimension then
        return misfit(index, 'wrong-dimension', size / 4, base.dimension)
      end
      local grown = base.appended < base.capacity and size or 0
      if grown > 0 and base.bytes + grown > max_bytes then
        return misfit(index, 'session-too-large', base.bytes + grown, max_bytes)
      end
      vectors[string.format('v:%d', base.appended % base.capacity)] = operation.vector
      base.bytes, base.appended, base.dimension = base.bytes + grown, base.appended + 1, size / 4
      changes = true
    end
    if problem then return problem end
  end

  local past = meta
  strips = creates and past ~= nil
  meta = base
  if not joins then
    local absolute = base.absolute
    if creates and first.lifetime then
      absolute = (accepted_first or now) + first.lifetime
    end
    local renewed = (accepted_last or now) + ttl
    local expires = creates and renewed or math.max(base.expires, renewed)
    base.expires = absolute and math.min(expires, absolute) or expires
    base.absolute, base.drop = absolute, drop_at(past, base.expires)
    if changes then
      notify, base.holders = past and past.holders or '-', '-'
      base.version, base.tag = base.version + 1, tag
    end
    for field in pairs(written) do
      if named[field] then
        sets[#sets + 1] = 'c:' .. field
        sets[#sets + 1] = named[field]
      elseif not creates then
        deletes[#deletes + 1] = 'c:' .. field
      end
    end
    for slot, vector in pairs(vectors) do
      sets[#sets + 1] = slot
      sets[#sets + 1] = vector
    end
    created, relabels = creates and 1 or 0, creates
  end
end
`;

/** Writes what was worked out, tells the holders, and answers; follows `APPLY_LUA`. */
export const WRITE_LUA = String.raw`
-- Rule 3: writers' entries go by age only, and what was dropped raises the floor.
local kept = strips and list_writers() or nil
local horizon = now - retention
if meta.oldest <= horizon then
  problem = told_sizes(meta)
  if problem then return problem end
  local floor, oldest, younger = meta.floor, now, {}
  local writers = kept or list_writers()
  for index = 1, #writers, 2 do
    local at = tonumber(string.match(writers[index + 1], '^%S+ %S+ %S+ (%S+)')) or 0
    if at <= horizon then
      floor = math.max(floor, at)
      if not strips then deletes[#deletes + 1] = writers[index] end
    else
      oldest = math.min(oldest, at)
      younger[#younger + 1] = writers[index]
      younger[#younger + 1] = writers[index + 1]
    end
  end
  meta.floor, meta.oldest, kept = floor, oldest, younger
end

if holder and meta.state == 'L' then
  meta.holders = add_holder(without_holder(meta.holders, holder), holder)
end

if meta.holders == '-' and meta.h and meta.h ~= '-' and not strips then deletes[#deletes + 1] = 'h' end

-- From here on everything is written; nothing can fail any more: a full server refuses a script's first write
-- only, and a DEL never.
if strips then
  redis.call('DEL', key)
  for index = 1, #kept, 2 do
    if kept[index] ~= names[5] then
      sets[#sets + 1] = kept[index]
      sets[#sets + 1] = kept[index + 1]
    end
  end
elseif #deletes > 0 then
  for from = 1, #deletes, 4000 do
    redis.call('HDEL', key, unpack(deletes, from, math.min(#deletes, from + 3999)))
  end
end
if relabels then encode_identity(meta, sets) end
local version, expires, drop = encode_meta(meta, sets)
local at = text(now)
sets[4] = seq .. ' ' .. meta.incarnation .. ' ' .. version .. ' ' .. at .. ' ' .. occupied
hset(sets)
expire_at(meta.drop, drop)
if holder and notify ~= '-' then
  local word = string.format('%d %s %s', meta.version, meta.incarnation, key)
  for pod in string.gmatch(notify, '[^,]+') do
    -- A message that cannot be sent costs staleness only, and the commit has been made.
    if pod ~= holder then redis.pcall('PUBLISH', inbox_prefix .. pod, word) end
  end
end
return 'applied ' .. at .. ' ' .. meta.incarnation .. ' ' .. version .. ' ' .. (GONE[meta.state] and tag or meta.tag) ..
  ' ' .. base_tag .. ' ' .. (reply_expires and text(reply_expires) or expires) .. ' ' .. created .. ' ' .. found .. numbers
`;
