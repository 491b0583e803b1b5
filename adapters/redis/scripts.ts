/**
 * The Lua scripts of the Redis family. Those on sessions are held to core's executable specification
 * (`core/commit.ts`, `core/load.ts`, `core/heal.ts`), reply for reply, by a differential test.
 *
 * @module
 */

import { FORMAT_VERSION, MAX_HOLDERS } from "../../core/record.ts";
import { APPLY_LUA, WRITE_LUA } from "./apply_lua.ts";
import { DECIDE_LUA } from "./decide_lua.ts";
import { HEAL_LUA } from "./heal_lua.ts";
import { RECORD_LUA } from "./record_lua.ts";

/** A script and its name, for messages. */
export interface Script {
  readonly name: string;
  readonly text: string;
}

const SHARED_LUA = RECORD_LUA
  .replaceAll("{FORMAT_VERSION}", String(FORMAT_VERSION))
  .replaceAll("{MAX_HOLDERS}", String(MAX_HOLDERS));

/**
 * Applies a batch, all or nothing: every check comes before the first write, since an error midway
 * would leave what was written until then.
 *
 * Key: the session's. Arguments: the header (one line, see `encodeBatch`), then the operations one
 * after the other, each its kind and its parts:
 * - `create` nonce capacity lifetimeMs|`-` n (field json)×n
 * - `set` field json · `delete` field · `increment` field number · `append` vector · `touch`
 * - `destroy` incarnationAtMs|`-`
 * - `freeze` nonce to · `finish` nonce · `thaw` nonce
 * - `adopt` nonce yields(0 or 1) version createdAtMs expiresAtMs absoluteMs|`-` capacity n (field json)×n k vector×k
 *
 * Reply: one line, its parts separated by spaces, times on the server's clock:
 * - `applied` nowMs incarnation version tag baseTag|`-` expiresAtMs created found number…
 * - `duplicate` nowMs incarnation version occupied
 * - `gone` nowMs reason|`-` alive|`-` moving
 * - `invalid` nowMs operation reason size limit
 * - `corrupt` nowMs detail
 * - `conflict`, `missing`, `late`, `behind`, `unknown` nowMs
 */
export const COMMIT: Script = {
  name: "commit",
  text: SHARED_LUA + DECIDE_LUA + APPLY_LUA + WRITE_LUA,
};

/**
 * Finds out what a load answers without its state, registers the holder, and closes an expired record.
 *
 * Key: the session's. Arguments: tombstoneMs, the holding pod or an empty text, acceptedMs|`-`, and of the
 * state known, if one is: incarnation, version, tag.
 *
 * Reply: one line, its parts separated by spaces:
 * - `missing` nowMs · `gone` nowMs reason incarnation · `unchanged` nowMs expiresAtMs · `corrupt` nowMs detail
 * - `read` nowMs: the state is to be read by HGETALL
 */
export const LOAD: Script = {
  name: "load",
  text: SHARED_LUA + String.raw`
local texts, problem = read({ 'i', 'm', 's', 'h' })
if not texts then return problem end
local meta
meta, problem = decode_meta(texts[1], texts[2], texts[3], texts[4])
if problem then return problem end
if not meta then return string.format('missing %d', now) end
local accepted = tonumber(ARGV[3])
local is_accepted = accepted and meta.state == 'L' and accepted < meta.expires
if not GONE[meta.state] and now >= meta.expires and not is_accepted then
  problem = close_expired(meta, tonumber(ARGV[1]))
  if problem then return problem end
end
if GONE[meta.state] then
  return string.format('gone %d %s %s', now, GONE[meta.state], meta.incarnation)
end
local pod = ARGV[2]
if pod ~= '' and meta.state == 'L' then
  local holders = add_holder(meta.holders, pod)
  if holders ~= meta.holders then
    -- A full store can still be read: only word of other pods' commits will not come.
    local result = redis.pcall('HSET', key, 'h', holders)
    if type(result) == 'table' and result.err and not string.find(result.err, '^OOM') then return result end
  end
end
if ARGV[4] == meta.incarnation and meta.state == 'L' and tonumber(ARGV[5]) == meta.version and
  ARGV[6] == meta.tag then
  return string.format('unchanged %d %s', now, text(meta.expires))
end
return string.format('read %d', now)
`,
};

/**
 * Gives a copy back, all or nothing.
 *
 * Key: the session's. Arguments: the header (JSON object, see `encodeHeal`), the fields of as many writers as
 * it says, then those of the state, each its name and value as they are stored.
 *
 * Reply: one line, its parts separated by spaces:
 * - `healed` nowMs version, of the session that gave way to it, or `-`
 * - `intact`, `diverged`, `superseded`, `late` nowMs
 * - `gone` nowMs reason · `corrupt` nowMs detail
 */
export const HEAL: Script = { name: "heal", text: SHARED_LUA + HEAL_LUA };

/** Counts the pod's own key up. */
const COUNT_LUA = String.raw`
local key = KEYS[1]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local count = redis.call('INCR', key)
`;

/**
 * Counts the pod's own key up, and tells the server's epoch: its run id, which every process has anew, and
 * its replication id, which changes when a replica takes over or a primary's data is replaced. Asked for
 * inside the script, so that counter and epoch are those of one server at one moment: sent beside it, INFO
 * could be answered before a restart that the counter has seen, or by another node.
 *
 * Key: the pod's. Arguments: how long the key lives, in ms, and whether the epoch is wanted (0 or 1).
 * Reply: `beat` nowMs counter epoch|`-`. The epoch is missing where INFO is not permitted.
 */
export const HEARTBEAT: Script = {
  name: "heartbeat",
  text: COUNT_LUA + String.raw`
redis.call('PEXPIRE', key, ARGV[1])
local info = ARGV[2] == '1' and redis.pcall('INFO', 'server', 'replication')
local run, replication
if type(info) == 'string' then
  run, replication = string.match(info, 'run_id:(%S+)'), string.match(info, 'master_replid:(%S+)')
end
return string.format('beat %d %d %s', now, count, run and replication and run .. ':' .. replication or '-')
`,
};

/**
 * Writes the pod's own key, and finds out whether every other command of the scripts is permitted: one
 * refused in the midst of a commit would leave half of it.
 *
 * Key: the pod's. Argument: how long the key lives, in ms. Reply: `open` nowMs counter.
 */
export const OPEN: Script = {
  name: "open",
  text: COUNT_LUA + String.raw`
if count == 1 then
  -- A new key can go and come again to show that DEL is permitted. If not, the next try finds no key either.
  local result = redis.pcall('DEL', key)
  if type(result) == 'table' then
    redis.call('PEXPIRE', key, 0)
    return result
  end
  redis.call('INCR', key)
end
redis.call('PEXPIRE', key, ARGV[1])
-- On a key that is no hash each of these fails, but in another way when it is not permitted.
for _, command in ipairs({
  { 'HMGET', key, 'i' }, { 'HGET', key, 'i' }, { 'HKEYS', key }, { 'HGETALL', key }, { 'HSET', key, 'i', '' },
  { 'HDEL', key, 'i' },
}) do
  local result = redis.pcall(unpack(command))
  if not string.find(result.err, '^WRONGTYPE') then return result end
end
redis.call('EXISTS', key)
redis.call('PEXPIREAT', key, string.format('%d', now + ARGV[1]))
return string.format('open %d %d', now, count)
`,
};

/** Writes the pod's own key, for a user that does nothing else but keeping it up. */
export const OPEN_UPKEEP: Script = {
  name: "open-upkeep",
  text: COUNT_LUA + String.raw`
redis.call('PEXPIRE', key, ARGV[1])
return string.format('open %d %d', now, count)
`,
};

/**
 * Finds out what of some commands is permitted, by `redis.acl_check_cmd` of Redis 7 and Valkey; nothing is executed.
 *
 * Key: one that the user uses. Argument: the commands, as a JSON list of lists.
 * Reply: `refused` and, parted by spaces, the places of those not permitted, from 0; `unknown` where the server cannot
 * tell.
 */
export const CHECK: Script = {
  name: "check",
  text: String.raw`
local reply = 'refused'
for place, command in ipairs(cjson.decode(ARGV[1])) do
  local could_tell, is_permitted = pcall(function() return redis.acl_check_cmd(unpack(command)) end)
  if not could_tell then return 'unknown' end
  if not is_permitted then reply = reply .. ' ' .. place - 1 end
end
return reply
`,
};
