/**
 * Chaos over an adapter of one's own, from the package: `chaos.mjs`. Memory is simulated in this process; pods that are
 * processes of their own, and are killed, share a file. Answers one line of JSON.
 */
import process from "node:process";
import { runChaos } from "@hakgal/sessions/chaos";

const trials = {
  memory: { where: "simulated", faults: ["pod-kill", "reply-cut"], runs: 20 },
  sqlite: { where: "processes", faults: ["pod-kill"], runs: 6, timeLimitMs: 120_000 },
};
const answers = [];
for (const [adapter, options] of Object.entries(trials)) {
  const adapterModule = new URL(`./${adapter}_adapter.mjs`, import.meta.url);
  answers.push(
    await runChaos({ adapterModule, seed: 1, ...options }).then(
      ({ verdict, explanation, backends: [{ histories, faults }] }) => ({
        ...{ adapter, verdict, histories, kills: faults["pod-kill"], explanation },
      }),
      (error) => ({
        ...{ adapter, verdict: error.name, histories: 0, kills: 0, explanation: error.message },
      }),
    ),
  );
}
process.stdout.write(`${JSON.stringify(answers)}\n`);
process.exit(0);
