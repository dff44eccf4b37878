import { execFileSync } from "node:child_process";
import { createApiKey } from "@corepool/protocol/routes/accounts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { cliText, sdkText, shellWord, yamlText } from "./copy-as.ts";

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
      inputs: [
        { path: "a/b.csv", executable: false },
        { path: "no", executable: true },
      ],
      needs: [],
      odd: { yes: "yes", n: "1", empty: "", colon: "a: b", hash: "a #b", none: null },
    };
    expect(parse(yamlText(spec))).toEqual(spec);
  });

  it("writes any JSON document so that it is read as the same", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        // JSON has one zero.
        const document: unknown = JSON.parse(JSON.stringify({ value }));
        expect(parse(yamlText(document))).toEqual(document);
      }),
      { numRuns: 300 },
    );
  });

  it("writes a call that names the route and its module", () => {
    const text = sdkText(createApiKey, "routes/accounts", { body: { name: "ci", scopes: ["account:read"] } });
    expect(text).toContain('import { createApiKey } from "@corepool/protocol/routes/accounts";');
    expect(text).toContain('"name": "ci"');
  });
});
