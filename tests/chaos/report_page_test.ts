import { assert, assertEquals, assertStringIncludes } from "@std/assert";
// @ts-types="npm:@types/jsdom@^21"
import { type DOMWindow, JSDOM } from "jsdom";
import { type ChaosReport, type History, pageHtml } from "../../chaos/mod.ts";
import { ASSETS, pageAssets } from "../../scripts/report_page/assets.ts";
import { HistoryBuilder } from "./history_builder.ts";
import {
  chaosReport,
  everything,
  HOSTILE,
  reportedBackend,
  reportedViolation,
} from "./report_samples.ts";

/** The page as a browser runs it. */
interface Page extends Disposable {
  readonly document: JSDOM["window"]["document"];
  readonly window: JSDOM["window"];
  press(key: string, target?: Element): void;
}

type Element = NonNullable<ReturnType<JSDOM["window"]["document"]["querySelector"]>>;

function open(report: ChaosReport, samples: readonly History[] = []): Page {
  const named = samples.map((history) => ({ backend: "memory", history }));
  const dom = new JSDOM(pageHtml(report, named), {
    runScripts: "dangerously",
    pretendToBeVisual: true,
    beforeParse(window: DOMWindow) {
      window.ResizeObserver = class {
        observe() {}
        unobserve() {}
        disconnect() {}
      };
      window.Element.prototype.scrollIntoView = () => {};
    },
  });
  const { window } = dom;
  const { document } = window;
  return {
    document,
    window,
    press(key, target = document.body) {
      target.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true }));
    },
    [Symbol.dispose]: () => window.close(),
  };
}

function twoViolations(): ChaosReport {
  const violations = ["G4", "G5"].map((guarantee) => reportedViolation({ guarantee }));
  return chaosReport({ verdict: "violated", backends: [reportedBackend({ violations })] });
}

Deno.test("n and p go from violation to violation, and around", () => {
  using page = open(twoViolations());
  const focused = () => page.document.activeElement?.querySelector(".badge")?.textContent;
  const seen = ["n", "n", "n", "p", "p"].map((key) => {
    page.press(key);
    return focused();
  });
  assertEquals(seen, ["G4", "G5", "G4", "G5", "G4"]);
  assertStringIncludes(page.document.querySelector("#toast")!.textContent!, "Violation 1 of 2");
  // The first call that shows it is described.
  assertStringIncludes(page.document.querySelector(".detail")!.textContent!, "#3 destroy");
});

Deno.test("a run without a violation says so at n", () => {
  using page = open(chaosReport(), [sample(20)]);
  page.press("n");
  assertEquals(
    page.document.querySelector("#toast")!.textContent,
    "There is no violation in this run.",
  );
  assertEquals(page.document.querySelector("h1")!.textContent, "✓Every guarantee held");
});

Deno.test("what has no end runs to the right edge, what shows the violation is marked", () => {
  using page = open(twoViolations());
  const bar = page.document.querySelector(".op.is-endless rect")!;
  const svg = page.document.querySelector("svg.lanes")!;
  const number = (element: Element, name: string) => Number(element.getAttribute(name));
  assertEquals(number(bar, "x") + number(bar, "width"), number(svg, "width"));
  const timeline = page.document.querySelector(".timeline")!;
  assertEquals(timeline.querySelectorAll(".stage .op.is-culprit").length, 2);
  const lanes = [...timeline.querySelectorAll(".lane-name")].map((name) => name.textContent);
  assertEquals(lanes, ["store", "p1", "p2"]);
  assertEquals(timeline.querySelectorAll(".stage .shade").length, 1);
  // Every bar lies in its lane.
  const tops = [...timeline.querySelectorAll(".lane")].map((lane) => number(lane, "y"));
  for (const rect of timeline.querySelectorAll(".stage .op rect")) {
    assert(number(rect, "y") > tops[1]!, "a call is drawn in the store's lane");
  }
});

Deno.test("a history of many calls is drawn as their density, and one by one from close by", async () => {
  using page = open(chaosReport(), [sample(5_000)]);
  const stage = page.document.querySelector(".stage")!;
  assertEquals(stage.querySelectorAll(".op").length, 0);
  assert(stage.querySelectorAll(".density").length > 0);
  for (let time = 0; time < 12; time++) page.press("+", stage);
  await new Promise<void>((resolve) => page.window.requestAnimationFrame(() => resolve()));
  const bars = stage.querySelectorAll(".op").length;
  assert(bars > 0 && bars < 1_200, `${bars} bars`);
  page.press("j", stage);
  assertStringIncludes(page.document.querySelector(".detail")!.textContent!, "increment");
});

Deno.test("a table has what the timeline shows, a page at a time", async () => {
  using page = open(chaosReport(), [sample(300)]);
  const details = page.document.querySelector("details.as-table") as HTMLDetails;
  assertEquals(details.querySelectorAll("tbody tr").length, 0);
  details.open = true;
  await new Promise((resolve) => details.addEventListener("toggle", resolve, { once: true }));
  assertEquals(details.querySelectorAll("tbody tr").length, 100);
});

type HTMLDetails = InstanceType<JSDOM["window"]["HTMLDetailsElement"]>;

Deno.test("nothing in the data becomes markup or a script", () => {
  const history = hostileHistory();
  const violations = [
    reportedViolation({
      ...{ message: HOSTILE, replay: HOSTILE, rule: HOSTILE, guarantee: HOSTILE },
      history: history.events,
    }),
  ];
  const report = {
    ...everything(),
    backends: [reportedBackend({ backend: HOSTILE, violations, faults: { [HOSTILE]: 1 } })],
    skipped: [{ backend: HOSTILE, reason: HOSTILE }],
    problems: [HOSTILE],
    sometimes: { [HOSTILE]: 1 },
  };
  using page = open(report, [history]);
  assertEquals((page.window as { isHacked?: boolean }).isHacked, undefined);
  assertEquals(page.document.querySelectorAll("img").length, 0);
  assertEquals(page.document.querySelectorAll("script").length, 2);
  page.press("n");
  assertStringIncludes(page.document.querySelector(".message")!.textContent!, "</script><img");
  assertEquals(page.document.querySelectorAll("img").length, 0);
});

Deno.test("it needs no network", () => {
  const page = pageHtml(everything(), [{ backend: "memory", history: sample(10) }]);
  assertEquals(page.match(/(?:src|href)=(?!["']#)|@import|fetch\(|url\((?!"#)/g), null);
});

Deno.test("the script and the style are what their sources make", async () => {
  assert(
    await Deno.readTextFile(ASSETS) === await pageAssets(),
    "chaos/report/page_assets.ts is not what scripts/report_page makes; run: deno task build:page",
  );
});

function sample(calls: number): History {
  const builder = new HistoryBuilder();
  for (let call = 0; call < calls; call++) {
    const op = builder.begin(`p${1 + call % 3}`, "increment");
    builder.wait(2).end(op, { kind: "number", value: call });
  }
  return builder.build();
}

function hostileHistory(): History {
  const builder = new HistoryBuilder();
  const session = { tenant: HOSTILE, id: HOSTILE };
  const op = builder.begin(HOSTILE, "rotate", { session, to: session });
  builder.fault(HOSTILE, HOSTILE, 5).told(HOSTILE, { name: "lost", session, reason: HOSTILE });
  return builder.end(op, { kind: "error", name: HOSTILE, message: HOSTILE }).build();
}
