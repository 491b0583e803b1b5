/// <reference lib="dom" />

import type { PageHistory } from "../../chaos/report/page_data.ts";
import { Timeline } from "./timeline.ts";

/** A violation's place on the page. */
interface Violation {
  readonly article: HTMLElement;
  readonly timeline: Timeline | undefined;
}

const violations: Violation[] = [];
let current = -1;

function start(): void {
  const data = document.getElementById("chaos-histories")?.textContent ?? "[]";
  const histories = JSON.parse(data) as PageHistory[];
  const timelines = new Map<Element, Timeline>();
  for (const element of document.querySelectorAll<HTMLElement>("[data-history]")) {
    const history = histories[Number(element.dataset["history"])];
    const ops = element.closest<HTMLElement>("[data-ops]")?.dataset["ops"] ?? "";
    const culprits = ops.split(",").filter((op) => op !== "").map(Number);
    if (history) timelines.set(element, new Timeline(element, history, culprits));
  }
  for (const article of document.querySelectorAll<HTMLElement>("[data-violation]")) {
    const drawn = article.querySelector("[data-history]");
    violations.push({ article, timeline: drawn === null ? undefined : timelines.get(drawn) });
  }
  for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) {
    button.addEventListener("click", () => void copy(button));
  }
  for (const button of document.querySelectorAll("[data-help]")) {
    button.addEventListener("click", help);
  }
  document.addEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target instanceof Element && target.closest("input, textarea, select, dialog")) return;
  if (key === "n") go(current + 1);
  else if (key === "p") go(Math.max(current, 0) - 1);
  else if (key === "?") help();
  else return;
  event.preventDefault();
}

/** Goes to a violation; after the last one comes the first. */
function go(index: number): void {
  const { length } = violations;
  if (length === 0) return say("There is no violation in this run.");
  current = (index + length) % length;
  const { article, timeline } = violations[current]!;
  const heading = article.querySelector<HTMLElement>("h3");
  timeline?.showCulprits();
  heading?.focus({ preventScroll: true });
  article.scrollIntoView({ block: "start" });
  say(`Violation ${current + 1} of ${length}: ${heading?.textContent ?? ""}`);
}

function help(): void {
  const dialog = document.getElementById("help");
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

async function copy(button: HTMLElement): Promise<void> {
  const text = button.dataset["copy"] ?? "";
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch {
    // A page from a file may not be allowed to: then it is marked, to be copied by hand.
    const code = button.parentElement?.querySelector("code");
    if (code) getSelection()?.selectAllChildren(code);
    say("Selected: copy it with the keyboard.");
  }
}

let hiding: ReturnType<typeof setTimeout> | undefined;

function say(text: string): void {
  const toast = document.getElementById("toast");
  if (toast === null) return;
  toast.textContent = text;
  toast.classList.add("is-shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("is-shown"), 3_000);
}

start();
