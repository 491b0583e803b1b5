/**
 * First part of the commit script: reads the batch and the record, and decides whether and where it applies.
 *
 * @module
 */

/** Leaves the batch's header, `operations`, `names`, `texts`, `meta`, `kind`, `first` and `place` to what follows. */
export const DECIDE_LUA = String.raw`
-- The batch. What is optional is '-', which is no number; what few batches need stays text.
local writer, seq, incarnation, prev, first_sent, not_after, accepted, ttl, grace, tombstone, retention, max_fields,
  max_bytes, wanted, holder, inbox_prefix = string.match(ARGV[1], '^${"(%S+) ".repeat(15)}(.*)$')
local accepted_first, accepted_last
if accepted ~= '-' then
  accepted_first, accepted_last = string.match(accepted, '^(.+),(.+)$')
  accepted_first, accepted_last = tonumber(accepted_first), tonumber(accepted_last)
end
holder = holder == '=' and writer or holder ~= '-' and holder

local function refused(outcome) return string.format('%s %d', outcome, now) end
local function gone(reason, alive, moving)
  return string.format('gone %d %s %s %d', now, reason or '-', alive or '-', moving and 1 or 0)
end

-- The operations, and the fields that they touch.
local operations, names = {}, { 'i', 'm', 's', 'h', 'w:' .. writer }
local argument = 1
local function take()
  argument = argument + 1
  return ARGV[argument]
end
local function take_pairs(operation)
  for index = 1, tonumber(take()) do operation[index] = { take(), take() } end
end
local named = {}
local function touch_field(field)
  if named[field] == nil then
    named[field] = false
    names[#names + 1] = 'c:' .. field
  end
  return field
end
while argument < #ARGV do
  local kind = take()
  local operation = { kind = kind }
  if kind == 'increment' then
    operation = { kind = kind, field = touch_field(take()), by = tonumber(take()) }
  elseif kind == 'set' then
    operation = { kind = kind, field = touch_field(take()), json = take() }
  elseif kind == 'delete' then
    operation.field = touch_field(take())
  elseif kind == 'append' then
    operation.vector = take()
  elseif kind == 'create' then
    operation.nonce, operation.capacity, operation.lifetime = take(), tonumber(take()), tonumber(take())
    take_pairs(operation)
  elseif kind == 'adopt' then
    operation.nonce, operation.yields = take(), take() == '1'
    operation.version, operation.created = tonumber(take()), tonumber(take())
    operation.expires, operation.absolute = tonumber(take()), tonumber(take())
    operation.capacity = tonumber(take())
    take_pairs(operation)
    operation.vectors = {}
    for index = 1, tonumber(take()) do operation.vectors[index] = take() end
  elseif kind == 'freeze' then
    operation.nonce, operation.to = take(), take()
  elseif kind == 'finish' or kind == 'thaw' then
    operation.nonce = take()
  elseif kind == 'destroy' then
    operation.made = tonumber(take())
  end
  operations[#operations + 1] = operation
end

-- One read for the meta, the writer's entry and the fields touched.
local texts, problem = read(names)
if not texts then return problem end
local meta
meta, problem = decode_meta(texts[1], texts[2], texts[3], texts[4])
if problem then return problem end
local entry
if meta and texts[5] then
  local seq, incarnation, version, _, occupied = string.match(texts[5], WRITER)
  if not seq then return corrupt(BAD_WRITER) end
  entry = { seq = tonumber(seq), incarnation = incarnation, version = version, occupied = occupied }
end

-- Rule 3: dedupe, floor, deadline, target incarnation, prev, ifVersion, apply.
if entry and entry.seq >= tonumber(seq) then
  return string.format('duplicate %d %s %s %s', now, entry.incarnation, entry.version, entry.occupied)
end
if meta and not entry then
  problem = told_sizes(meta)
  if problem then return problem end
  if tonumber(first_sent) <= meta.floor then return refused('unknown') end
end
if not_after ~= '-' and now > tonumber(not_after) then return refused('late') end
if accepted_last and accepted_last > now then return refused('late') end

-- The place: 'live', 'free', or 'moving' when the batch settles the rotation under way.
local first = operations[1] or {}
local kind = first.kind
local nonce = (kind == 'create' or kind == 'adopt') and first.nonce or nil
local settles = (kind == 'finish' or kind == 'thaw') and first.nonce or nil
local place
if not meta then
  -- Rule 17: on an absent key a named destroy writes a tombstone.
  if not nonce and kind ~= 'destroy' then return refused('missing') end
  place = 'free'
elseif GONE[meta.state] then
  -- Rule 4: creating the incarnation that a tombstone names answers gone.
  if not nonce or nonce == meta.incarnation then return gone(GONE[meta.state]) end
  place = 'free'
elseif now >= meta.expires then
  -- Rule 18: accepted before the expiry, by a caller that was answered then. A create would have joined it.
  if accepted_first and accepted_first < meta.expires and meta.state == 'L' and
    (kind == 'create' or incarnation == meta.incarnation) then
    place = 'live'
  elseif nonce and nonce ~= meta.incarnation then
    place = 'free'
  else
    return close_expired(meta, tombstone) or gone('expired')
  end
elseif meta.state == 'M' then
  local moving = settles and redis.call('HGET', key, 'r')
  local settled = moving and string.match(moving, '^%S+') == settles
  if not settled and not (kind == 'adopt' and first.yields) then return gone(nil, nil, true) end
  place = 'moving'
else
  if settles or not (nonce or incarnation == meta.incarnation) then
    return gone(nil, meta.incarnation)
  end
  place = 'live'
end
if prev ~= '-' and place == 'live' then
  local acknowledged = entry and entry.incarnation == meta.incarnation and entry.seq or 0
  if acknowledged < tonumber(prev) then return refused('behind') end
end
if wanted ~= '-' and not (place == 'live' and
  wanted == meta.incarnation .. ',' .. text(meta.version) .. ',' .. meta.tag) then
  return refused('conflict')
end
`;
