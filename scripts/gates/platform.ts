import { codeOnly, lineAt, type Source, type Violation } from "./sources.ts";

/** Where the outside world may be touched: adapters, composition roots, the process frame, and whole shells. */
const OUTSIDE = [
  /\.test\.ts$/,
  /\/test\//,
  /\/testing\//,
  /\.adapter\.ts$/,
  /\/adapters\//,
  /\/main\.ts$/,
  /^apps\/coordinator\/src\/coordinator\.ts$/,
  /\/conformance\//,
  /\/testing\.ts$/,
  // Process frames: they start, stop and watch operating-system processes and nothing else.
  /^apps\/coordinator\/src\/platform\//,
  /^packages\/postgres\//,
  /^packages\/runtime\/src\/supervisor\//,
  /^apps\/agent\/src\/supervise\.ts$/,
  /^apps\/cli\//,
  // A page is made of clocks, timers and the network; what of it is money is in core and the SDK, on ports.
  /^apps\/console\//,
  // The simulation's own time: it gives promises their turn, and knows no other.
  /^sim\/src\/world\/executor\.ts$/,
];
const INSIDE = /^((packages|apps)\/[^/]+|sim)\/src\//;

/** Time, chance and the network reach logic through ports only, so that the same code runs under a seed. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)/g, "reads the clock: take a Clock"],
  [/\bMath\.random\b|\bcrypto\.(randomUUID|getRandomValues)\b|(?<!\.)\brandomBytes\(/g, "draws chance: take a Random"],
  [/(?<![.\w])(setTimeout|setInterval|setImmediate)\s*\(/g, "sets a timer: take a Clock"],
  [/\bperformance\.now\b|\bprocess\.hrtime\b/g, "reads the clock: take a Clock"],
  [/(?<![.\w])fetch\s*\(|\bnew WebSocket\b/g, "opens a connection: take a port"],
];
const BANNED_IMPORT = /from\s*["']node:(net|http|https|http2|dgram|dns|tls|timers|timers\/promises)["']/g;

/** Logic that touches the platform outside an adapter. */
export function platformViolations(sources: readonly Source[]): Violation[] {
  const found: Violation[] = [];
  for (const source of sources) {
    if (!INSIDE.test(source.path) || OUTSIDE.some((pattern) => pattern.test(source.path))) continue;
    const code = codeOnly(source.text);
    for (const [pattern, message] of BANNED) {
      for (const match of code.matchAll(pattern))
        found.push({ path: source.path, line: lineAt(code, match.index), message });
    }
    for (const match of source.text.matchAll(BANNED_IMPORT)) {
      found.push({
        path: source.path,
        line: lineAt(source.text, match.index),
        message: `imports node:${match[1]}: take a port`,
      });
    }
  }
  return found;
}
