/** An adapter module for `runChaos`: all pods of a run open the same file. */
import { sqliteAdapter } from "@hakgal/sessions/adapters/sqlite";

export function createAdapter({ folder }) {
  return sqliteAdapter({ path: `${folder}/sessions.db` });
}
