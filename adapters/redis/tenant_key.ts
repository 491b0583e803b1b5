/**
 * From a key to the tenant that it belongs to.
 *
 * @module
 */

import type { AclNames } from "./acl.ts";

/** The last of such parts counts: a prefix may have them too, a tenant's name and a hashed id have no colon. */
const SESSION_KEY = /^(.*:tenant:([^:]+)):session:/s;
const INBOX_PREFIX = /^(.*:tenant:[^:]+):inbox:/s;

/** The tenant whose session is kept under a key. Throws `TypeError` for a key of another kind. */
export function tenantOfKey(key: string): string {
  return parse(SESSION_KEY, key)[2]!;
}

/** A key of the tenant whose inboxes begin with a prefix. Throws `TypeError` for one of another kind. */
export function keyBeside(inboxPrefix: string): string {
  return `${parse(INBOX_PREFIX, inboxPrefix)[1]}:session:none`;
}

/** Names of the tenant's own, by which its permissions can be asked. */
export function namesBeside(key: string): AclNames {
  const [, tenantPrefix] = parse(SESSION_KEY, key);
  return { session: key, inbox: `${tenantPrefix}:inbox:all`, pod: key };
}

function parse(pattern: RegExp, name: string): RegExpExecArray {
  const found = pattern.exec(name);
  if (!found) throw new TypeError(`it is no tenant's: "${name}"`);
  return found;
}
