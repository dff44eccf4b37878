import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

/** The variables that a block of the style sheet sets. */
function tokens(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1], m[2]]));
}
const blocks = [...css.matchAll(/\{([^{}]*)\}/g)].map((m) => tokens(m[1] ?? "")).filter((t) => t["bg"] !== undefined);

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const part = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe("the colours", () => {
  it("are measured by a ruler that knows black from white", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  });

  it("are the same whether dark was chosen or is the system's", () => {
    expect(blocks).toHaveLength(3);
    expect(blocks[1]).toEqual(blocks[2]);
  });

  it.each([
    ["light", 0],
    ["dark", 1],
  ] as const)("can be read on every surface: %s", (_, index) => {
    const theme = blocks[index] ?? {};
    const low: string[] = [];
    for (const ink of ["text", "muted", "faint", "accent", "info", "warn", "bad"])
      for (const ground of ["bg", "surface", "raised"]) {
        const ratio = contrast(theme[ink] ?? "#000000", theme[ground] ?? "#000000");
        if (ratio < 4.5) low.push(`${ink} on ${ground}: ${ratio.toFixed(2)}`);
      }
    if (contrast(theme["on-accent"] ?? "#000000", theme["accent"] ?? "#000000") < 4.5) low.push("on-accent on accent");
    expect(low).toEqual([]);
  });
});
