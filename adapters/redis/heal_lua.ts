/**
 * The heal script after what the scripts share: `core/heal.ts` in Lua.
 *
 * @module
 */

/** Compares the copy with the record, and puts it in its place if it is owed that. */
export const HEAL_LUA = String.raw`
local copy = cjson.decode(ARGV[1])
local state_from = 2 + 2 * copy.writers

local function answer(outcome) return string.format('%s %s', outcome, text(now)) end

local texts, problem = read({ 'i', 'm', 's', 'h' })
if not texts then return problem end
local meta
meta, problem = decode_meta(texts[1], texts[2], texts[3], texts[4])
if meta then problem = told_identity(meta) or told_sizes(meta) end
if problem then return problem end

if now > copy.notAfterMs or now >= copy.expiresAtMs then return answer('late') end
local same = meta and meta.incarnation == copy.incarnation
if same and GONE[meta.state] then return answer('gone') .. ' ' .. GONE[meta.state] end
-- Rule 16: between two incarnations the later made one wins.
if meta and not same and meta.made >= copy.incarnationAtMs then return answer('superseded') end

-- Writers' entries by their names; nil when one is unreadable.
local function decode_writers(list, from, to)
  local entries = {}
  for index = from, to, 2 do
    local seq, _, _, at = string.match(list[index + 1], WRITER)
    local entry = { seq = tonumber(seq), at = tonumber(at), text = list[index + 1] }
    if not (entry.seq and entry.at) then return nil end
    entries[list[index]] = entry
  end
  return entries
end
local given = decode_writers(ARGV, 2, state_from - 1)
local listed = meta and list_writers() or {}
local stored = decode_writers(listed, 1, #listed)
if not stored then return corrupt(BAD_WRITER) end

-- Whether some batch among the entries is missing among the others, whose dropped ones end at the floor.
local function exceed(entries, others, floor)
  for name, entry in pairs(entries) do
    local other = others[name]
    if other and other.seq < entry.seq or not other and entry.at > floor then return true end
  end
  return false
end
-- Rule 15: which of the two has what the other has not.
if same then
  local is_older = meta.version < copy.version
  -- The state is the same one: all that may be lacking is that it was renewed.
  local is_same = meta.version == copy.version and meta.tag == copy.tag
  if is_same or not is_older and not exceed(given, stored, meta.floor) then return answer('intact') end
  if not is_older or exceed(stored, given, copy.floorMs) then return answer('diverged') end
end

local oldest = meta and meta.oldest or now
for name, entry in pairs(given) do
  local known = stored[name]
  if not known or known.seq < entry.seq then
    stored[name] = entry
    oldest = math.min(oldest, entry.at)
  end
end
local after = {
  state = 'L', incarnation = copy.incarnation, made = copy.incarnationAtMs, created = copy.createdAtMs,
  version = copy.version, tag = copy.tag, expires = copy.expiresAtMs, absolute = copy.absoluteExpiresAtMs,
  drop = math.max(meta and meta.drop or 0, copy.expiresAtMs + copy.graceMs), holders = copy.pod or '-',
  fields = copy.fields, bytes = copy.bytes, appended = copy.appended, capacity = copy.capacity,
  dimension = copy.dimension, floor = math.max(meta and meta.floor or 0, copy.floorMs), oldest = oldest,
}
local sets = { 'm', '' }
encode_identity(after, sets)
encode_meta(after, sets)
for name, entry in pairs(stored) do
  sets[#sets + 1] = name
  sets[#sets + 1] = entry.text
end
for index = state_from, #ARGV do sets[#sets + 1] = ARGV[index] end

-- From here on everything is written; nothing can fail any more but the first write, which a full server
-- refuses: it must not be the DEL, which never is.
if meta then
  redis.call('HSET', key, sets[1], sets[2])
  redis.call('DEL', key)
end
hset(sets)
expire_at(after.drop)
local gave_way = meta and not same and not GONE[meta.state] and now < meta.expires
return answer('healed') .. ' ' .. (gave_way and text(meta.version) or '-')
`;
