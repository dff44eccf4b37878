import { execFileSync } from "node:child_process";
import { createApiKey } from "@corepool/protocol/routes/accounts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cliText, sdkText, shellWord, yamlText } from "./copy-as.ts";

/** Python's reader of YAML is not everywhere; JSON is YAML, and this reads the part of it that is written here. */
function readYaml(text: string): unknown {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  let at = 0;
  const scalar = (word: string): unknown => {
    if (word === "[]") return [];
    if (word === "{}") return {};
    if (/^(-?\d|true$|false$|null$|")/.test(word)) return JSON.parse(word);
    return word;
  };
  const depth = (line: string) => line.length - line.trimStart().length;
  const block = (indent: number): unknown => {
    const list = lines[at]?.trimStart().startsWith("- ") === true;
    const out: unknown[] = [];
    const map: Record<string, unknown> = {};
    while (at < lines.length && depth(lines[at] ?? "") === indent) {
      const line = (lines[at] ?? "").trimStart();
      if (list) {
        const rest = line.slice(2);
        if (/^("[^"]*"|[^"\s][^":]*):( |$)/.test(rest)) {
          lines[at] = `${" ".repeat(indent + 2)}${rest}`;
          out.push(block(indent + 2));
        } else {
          at++;
          out.push(scalar(rest));
        }
        continue;
      }
      const [, key = "", rest = ""] = /^("(?:[^"\\]|\\.)*"|[^"\s][^":]*):\s?(.*)$/.exec(line) ?? [];
      at++;
      map[String(scalar(key))] = rest === "" ? block(depth(lines[at] ?? "")) : scalar(rest);
    }
    return list ? out : map;
  };
  return block(0);
}

describe("copy as", () => {
  it("writes words that a shell gives on unchanged", () => {
    const words = ["plain", "two words", "it's", "$HOME", "`id`", "", 'a"b', "a\\b", "*", "한국어"];
    const script = `printf '%s\\0' ${words.map(shellWord).join(" ")}`;
    expect(execFileSync("sh", ["-c", script]).toString().split("\0").slice(0, -1)).toEqual(words);
    expect(cliText(["run", "--", "python3", "-c", "print(6*7)"])).toBe("corepool run -- python3 -c 'print(6*7)'");
  });

  it("writes YAML that is the same document", () => {
    const spec = {
      kind: "job",
      command: ["python3", "-c", "print(6 * 7)"],
      env: {},
      resources: { cpus: 2, gpus: { count: 0 } },
      inputs: [{ path: "a/b.csv", executable: false }, { path: "no", executable: true }],
      needs: [],
      odd: { yes: "yes", n: "1", empty: "", colon: "a: b", hash: "a #b", none: null },
    };
    expect(readYaml(yamlText(spec))).toEqual(spec);
    expect(() => expect(readYaml(yamlText({ a: "1" }))).toEqual({ a: 1 })).toThrow();
  });

  it("never writes a string that YAML reads as something else", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const written = yamlText(text);
        return written.startsWith('"') ? JSON.parse(written) === text : written === text && !/^(true|false|yes|no|null|on|off|y|n|nan|[\d.+-])/i.test(text.replace(/^[a-z]{4,}.*/i, "word"));
      }),
    );
  });

  it("writes a call that names the route and its module", () => {
    const text = sdkText(createApiKey, "routes/accounts", { body: { name: "ci", scopes: ["account:read"] } });
    expect(text).toContain('import { createApiKey } from "@corepool/protocol/routes/accounts";');
    expect(text).toContain('"name": "ci"');
  });
});
