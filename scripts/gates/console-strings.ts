import { parseSync } from "@babel/core";
import type { Source, Violation } from "./sources.ts";

/** A node of the syntax tree, as far as it matters here. */
interface Node {
  readonly type: string;
  readonly loc?: { readonly start: { readonly line: number } };
  readonly [key: string]: unknown;
}

/** Attributes whose text a person reads or hears. */
const SPOKEN = new Set([
  "aria-label",
  "aria-description",
  "title",
  "placeholder",
  "alt",
  "label",
  "hint",
  "note",
  "confirm",
  "text",
  "detail",
]);
/** Elements whose text is translated, or is no language. */
const FREE = new Set(["Trans", "Plural", "Select", "kbd", "code"]);
/** Names that are the same everywhere. */
const NAMES = new Set(["Corepool"]);

const isNode = (value: unknown): value is Node =>
  value !== null && typeof value === "object" && typeof (value as Node).type === "string";
const speaks = (text: string): boolean => /\p{L}{2}/u.test(text) && !NAMES.has(text.trim());

/** Strings that an expression may come to, written down in it. */
function literals(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  switch (node.type) {
    case "StringLiteral":
      return [String(node["value"])];
    case "TemplateLiteral":
      return (node["quasis"] as readonly { readonly value: { readonly raw: string } }[]).map(
        (quasi) => quasi.value.raw,
      );
    case "ConditionalExpression":
      return [...literals(node["consequent"]), ...literals(node["alternate"])];
    case "LogicalExpression":
      return [...literals(node["left"]), ...literals(node["right"])];
    case "JSXExpressionContainer":
      return literals(node["expression"]);
    default:
      return [];
  }
}

/** Words for people that are written into the console's screens instead of its catalogues. */
export function stringViolations(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => /^apps\/console\/src\/(?!gallery\/).*\.tsx$/.test(path))
    .flatMap(({ path, text }) => {
      const found: Violation[] = [];
      const tell = (node: Node, said: string): void => {
        if (speaks(said))
          found.push({
            path,
            line: node.loc?.start.line ?? 1,
            message: `speaks without its catalogue: ${JSON.stringify(said.trim().slice(0, 60))}`,
          });
      };
      const visit = (node: Node): void => {
        if (node.type === "JSXText") tell(node, String(node["value"]));
        if (node.type === "JSXAttribute" && SPOKEN.has(String((node["name"] as Node)["name"])))
          for (const said of literals(node["value"])) tell(node, said);
        if (node.type === "JSXElement") {
          const name = String(((node["openingElement"] as Node)["name"] as Node)["name"]);
          visitAll(node["openingElement"]);
          if (FREE.has(name)) return;
          for (const child of node["children"] as readonly Node[]) {
            if (child.type === "JSXExpressionContainer") for (const said of literals(child)) tell(child, said);
            visit(child);
          }
          return;
        }
        visitAll(node);
      };
      const visitAll = (node: unknown): void => {
        if (node === null || typeof node !== "object") return;
        for (const value of Object.values(node)) {
          if (Array.isArray(value)) for (const each of value) (isNode(each) ? visit : visitAll)(each as never);
          else if (isNode(value)) visit(value);
        }
      };
      const parsed = parseSync(text, {
        filename: path,
        babelrc: false,
        configFile: false,
        parserOpts: { plugins: ["typescript", "jsx"] },
      });
      visitAll(parsed?.program);
      return found;
    });
}

/** A text of a catalogue. */
const ENTRY = /^msgid ((?:".*"\n?)+)msgstr ((?:".*"\n?)+)/gm;
const joined = (lines: string): string => [...lines.matchAll(/"(.*)"/g)].map((match) => match[1]).join("");

/** Texts of a catalogue that are not translated. English is the source and is its own translation. */
export function translationViolations(catalogues: readonly Source[]): Violation[] {
  return catalogues
    .filter(({ path }) => path.startsWith("apps/console/") && !path.endsWith("/en.po"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(ENTRY)].flatMap((match): Violation[] => {
        const [id, said] = [joined(match[1] ?? ""), joined(match[2] ?? "")];
        if (id === "" || said !== "") return [];
        return [
          {
            path,
            line: text.slice(0, match.index).split("\n").length,
            message: `is not translated: "${id.slice(0, 60)}"`,
          },
        ];
      }),
    );
}
