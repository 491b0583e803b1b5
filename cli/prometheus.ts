/**
 * Instant queries by Prometheus's HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/).
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** Longest wait for an answer. */
const TIMEOUT_MS = 10_000;

/** One Prometheus. */
export class Prometheus {
  readonly #api: URL;
  readonly #headers: Headers;

  /** `url` is where its pages are; user and password in it are sent as such. */
  constructor(url: string) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new UsageError(
        `--prometheus is a URL such as http://127.0.0.1:9090; got ${JSON.stringify(url)}.`,
      );
    }
    const { username, password, origin, pathname } = new URL(url);
    this.#api = new URL(`${origin}${pathname.replace(/\/$/, "")}/api/v1/query`);
    this.#headers = new Headers();
    if (username === "") return;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const bytes = new TextEncoder().encode(pair);
    this.#headers.set("authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`);
  }

  /**
   * The value of a query that answers one number at most; undefined when there is no data, or none that is a number.
   *
   * @throws UsageError when Prometheus cannot be reached, or refuses
   */
  async number(query: string): Promise<number | undefined> {
    const [series] = await this.#series(query);
    const value = numberOf(series?.value?.[1]);
    return Number.isNaN(value) ? undefined : value;
  }

  /**
   * What a label is in the series that a query answers.
   *
   * @throws UsageError when Prometheus cannot be reached, or refuses
   */
  async labels(query: string, name: string): Promise<string[]> {
    const series = await this.#series(query);
    return [...new Set(series.map(({ metric }) => metric?.[name] ?? "unnamed"))].sort();
  }

  async #series(query: string): Promise<readonly Series[]> {
    const url = new URL(this.#api);
    url.searchParams.set("query", query);
    return (await this.#get(url)).data?.result ?? [];
  }

  async #get(url: URL): Promise<Answer> {
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(url, { headers: this.#headers, signal });
      text = await response.text();
    } catch (cause) {
      throw this.#failure(`cannot be reached (${reasonOf(cause)}): check --prometheus`, cause);
    }
    const answer = parse(text);
    if (answer?.status === "error") {
      throw this.#failure(`refused the query: ${String(answer.error).split("\n")[0]}`);
    }
    if (!response.ok) {
      throw this.#failure(`answered ${response.status} ${response.statusText}`.trim());
    }
    if (answer?.status !== "success" || answer.data?.resultType !== "vector") {
      throw this.#failure("answered something else than its API does: check --prometheus");
    }
    return answer;
  }

  #failure(what: string, cause?: unknown): UsageError {
    return new UsageError(`Prometheus at ${this.#api.origin} ${what}.`, { cause });
  }
}

interface Series {
  readonly metric?: Readonly<Record<string, string>>;
  readonly value?: readonly [atSeconds: number, value: string];
}

/** What is read of an answer. */
interface Answer {
  readonly status?: string;
  readonly error?: unknown;
  readonly data?: {
    readonly resultType?: string;
    readonly result?: readonly Series[];
  };
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined; // A page of a proxy's, or of another server's.
  }
}

function numberOf(text: string | undefined): number {
  return Number(text === "+Inf" ? "Infinity" : text === "-Inf" ? "-Infinity" : text);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  // Node hides it in the cause, and gives some causes no message but a code.
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String((cause as Error & { code?: unknown }).code ?? error.message);
}
