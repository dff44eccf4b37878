import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export const WIDTHS = { phone: 360, tablet: 768, wide: 1440 } as const;
export type Width = keyof typeof WIDTHS;
export type Theme = "light" | "dark";
export type Language = "en" | "ko";

/** How a page is looked at. */
export interface View {
  readonly width?: Width;
  readonly theme?: Theme;
  readonly language?: Language;
}

const CHROMIUM = process.env["COREPOOL_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"];

/** Debian's Chromium, without a window. As root it has no sandbox of its own; it opens nothing but our pages. */
export function launch(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...more] });
}

/**
 * A browser whose tabs are hidden when another one is in front, and whose timers are slowed down then, as a person's are:
 * others tell every page that it is looked at. Its only context is the browser's own.
 * @param port where it listens to DevTools
 */
export async function launchPlain(port: number): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...ARGS, `--remote-debugging-port=${port}`],
    ignoreDefaultArgs: [
      "--disable-background-timer-throttling",
      "--disable-backgrounding-occluded-windows",
      "--disable-renderer-backgrounding",
    ],
  });
  const plain = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  plain.once("disconnected", () => void browser.close());
  return plain;
}

/** A page that remembers what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console, exceptions, violations of the page's policy, and answers of 500 and above. */
  readonly problems: readonly string[];
  readonly go: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What a test expects to be logged: an answer that it provoked. */
export interface OpenOptions extends View {
  readonly origin: string;
  readonly path: string;
  /** Runs before the first page: routes, wallets. */
  readonly prepare?: (context: BrowserContext) => Promise<void>;
  /** Console errors that the test provokes itself. */
  readonly expected?: RegExp;
  /** Origins that the page may ask beside its own: the chain's. */
  readonly besides?: readonly string[];
}

/** Resolves when the screen stands: its words are there, its fonts loaded, and nothing is a placeholder any more. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector("[data-page-title]");
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.waitForFunction(() => document.querySelector("main .skeleton") === null, undefined, { timeout: 15_000 });
  await page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );
}

/** Opens a path of the console. */
export async function openPage(browser: Browser, options: OpenOptions): Promise<OpenPage> {
  const { width = "wide", theme = "light", language = "en", origin } = options;
  const context = await browser.newContext({
    viewport: { width: WIDTHS[width], height: width === "phone" ? 740 : 900 },
    deviceScaleFactor: width === "phone" ? 2 : 1,
    colorScheme: theme,
    locale: language === "ko" ? "ko-KR" : "en-US",
    reducedMotion: "reduce",
    timezoneId: "Asia/Seoul",
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const problems: string[] = [];
  await context.exposeFunction("tellViolation", (what: string) => problems.push(`policy: ${what}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const tell = (globalThis as unknown as { readonly tellViolation: (what: string) => void }).tellViolation;
      tell(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  await options.prepare?.(context);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && options.expected?.test(message.text()) !== true)
      problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("response", (response) => {
    const answer = `answer: ${response.status()} ${response.url()}`;
    if (response.status() >= 500 && options.expected?.test(answer) !== true) problems.push(answer);
  });
  page.on("request", (request) => {
    const known = [origin, ...(options.besides ?? [])].some((each) => request.url().startsWith(each));
    if (!known && !/^(data|blob):/.test(request.url())) problems.push(`third party: ${request.url()}`);
  });
  const go = async (path: string): Promise<void> => {
    await page.goto(`${origin}${path}`);
    await settled(page);
  };
  await go(options.path);
  return { page, context, problems, go, close: () => context.close() };
}

/** What axe finds wrong with the page as it is now, a line for each; empty when nothing is. */
export async function axe(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page })
    // In the page itself: the results of a page without foreign frames need no second page to be put together in.
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}`));
}

/** Whether the page is wider than its window, which nobody should have to scroll. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}
