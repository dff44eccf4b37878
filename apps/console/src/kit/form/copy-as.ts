import type { Route } from "@corepool/protocol/route";

const PLAIN = /^[A-Za-z0-9_./:@%+=,-]+$/;

/** A word as a POSIX shell takes it literally. */
export function shellWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A `corepool` command of these words. */
export function cliText(words: readonly string[]): string {
  return ["corepool", ...words].map(shellWord).join(" ");
}

/** A scalar that YAML 1.2 reads back as the same string; what could be anything else is quoted as JSON. */
function yamlString(text: string): string {
  const plain =
    /^[A-Za-z_][A-Za-z0-9_ ./-]*$/.test(text) &&
    !/^(y|n|yes|no|on|off|true|false|null|nan)$/i.test(text) &&
    !text.endsWith(" ");
  return plain ? text : JSON.stringify(text);
}

/** A JSON document as YAML 1.2. */
export function yamlText(value: unknown, indent = ""): string {
  if (typeof value === "string") return yamlString(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((each) => `\n${indent}- ${yamlText(each, deeper).replace(/^\n\s*/, "")}`).join("");
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  return entries
    .map(([key, each]) => {
      const text = yamlText(each, deeper);
      return `\n${indent}${yamlString(key)}:${text.startsWith("\n") ? "" : " "}${text}`;
    })
    .join("");
}

/** A call of a route through the SDK. `from`: the module of `@corepool/protocol` that has the route. */
export function sdkText(route: Route, from: string, input: Readonly<Record<string, unknown>>): string {
  const name = route.operationId;
  return `import { ${name} } from "@corepool/protocol/${from}";
import { call } from "@corepool/sdk/call";

await call(client, ${name}, ${JSON.stringify(input, null, 2)});`;
}
