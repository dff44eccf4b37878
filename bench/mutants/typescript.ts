import { parseSync } from "oxc-parser";
import type { Change } from "./mutant.ts";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "??": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
};
/** Members of a call that come in pairs. */
const PAIRS: Readonly<Record<string, string>> = { min: "max", max: "min", some: "every", every: "some" };
/** Arguments that only tell people something: what a problem says, and the log. */
const TELLING = /^(new CorepoolError|deps\.log\b|console\.)/;

/**
 * The changes to a TypeScript file: comparisons, arithmetic and logic swapped; conditions negated; throws, statements,
 * returns and members of lists removed; branches fixed; numbers one higher; truth values turned. Types are left alone,
 * as are texts for people.
 */
export function typescriptChanges(source: string): Change[] {
  const { program, errors } = parseSync("a.ts", source);
  if (errors.length > 0) throw new Error(errors.map((e) => e.message).join("\n"));
  const changes: Change[] = [];
  visit(program, "", source, (node, scope) => changes.push(...changesAt(source, node, scope)));
  return changes;
}

function changesAt(source: string, node: Node, scope: string): Change[] {
  const { start, end } = node;
  const textOf = (part: Node): string => source.slice(part.start, part.end);
  const change = (operator: string, from: number, to: number, text: string): Change => ({
    operator,
    start: from,
    end: to,
    text,
    shown: [start, end],
    scope,
  });
  const swap = (left: Node, operator: string): Change[] => {
    const from = source.indexOf(operator, left.end);
    return (SWAPS[operator] ?? []).map((text) => change("swap", from, from + operator.length, text));
  };
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
      return swap(node["left"] as Node, String(node["operator"]));
    case "UnaryExpression":
      return node["operator"] === "!" ? [change("negate", start, start + 1, "")] : [];
    case "ConditionalExpression":
      return ["consequent", "alternate"].map((part) => change("branch", start, end, `(${textOf(node[part] as Node)})`));
    case "IfStatement": {
      const test = node["test"] as Node;
      const plain = ["BinaryExpression", "UnaryExpression"].includes(test.type);
      const body = node["consequent"] as Node;
      const only = body.type === "BlockStatement" ? (body["body"] as readonly Node[])[0] : body;
      if (only?.type === "ThrowStatement" && node["alternate"] === null) return [change("refusal", start, end, ";")];
      return plain ? [] : [change("negate", test.start, test.end, `!(${textOf(test)})`)];
    }
    case "ExpressionStatement":
      return TELLING.test(textOf(node)) || node["directive"] != null ? [] : [change("remove", start, end, ";")];
    case "ReturnStatement":
      return node["argument"] === null || scope === "" ? [] : [change("remove", start, end, ";")];
    case "ArrayExpression":
      return (node["elements"] as readonly (Node | null)[]).flatMap((element) =>
        element === null ? [] : [{ ...change("member", element.start, skipComma(source, element.end), "") }],
      );
    case "CallExpression": {
      const callee = node["callee"] as Node;
      const property = callee["property"] as Node | undefined;
      const other = callee.type === "MemberExpression" && property ? PAIRS[String(property["name"])] : undefined;
      return other === undefined || !property ? [] : [change("swap", property.start, property.end, other)];
    }
    case "Literal":
      return literal(textOf(node)).map((text) => change("literal", start, end, text));
    default:
      return [];
  }
}

function skipComma(source: string, end: number): number {
  const comma = /^\s*,/.exec(source.slice(end));
  return end + (comma?.[0].length ?? 0);
}

function literal(text: string): string[] {
  if (text === "true") return ["false"];
  if (text === "false") return ["true"];
  const number = /^([\d_]+)(n?)$/.exec(text);
  if (number?.[1] === undefined) return [];
  const value = BigInt(number[1].replaceAll("_", ""));
  // A pause or a bound of time that is a millisecond longer is no other behaviour; amounts of money are bigints.
  return number[2] === "" && value >= 100n ? [] : [`${value + 1n}${number[2]}`];
}

function visit(node: unknown, scope: string, source: string, seen: (node: Node, scope: string) => void): void {
  if (Array.isArray(node)) {
    for (const each of node) visit(each, scope, source, seen);
  } else if (typeof node === "object" && node !== null) {
    const { type, start, end } = node as Partial<Node>;
    if (type?.startsWith("TS") && !["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"].includes(type))
      return;
    if (type === "ImportDeclaration") return;
    // A table of data has no behaviour of its own.
    if (type === "ArrayExpression" && scope === "") return;
    if (type !== undefined && TELLING.test(source.slice(start, end)) && /^(New|Call)Expression$/.test(type)) return;
    const inner = nameOf(node as Partial<Node>) ?? scope;
    if (type !== undefined) seen(node as Node, inner);
    for (const child of Object.values(node)) visit(child, inner, source, seen);
  }
}

/** The name of a function or constant that begins here. */
function nameOf(node: Partial<Node>): string | undefined {
  const id = node["id"] as { readonly name?: unknown } | null | undefined;
  const functions = ["FunctionDeclaration", "VariableDeclarator"];
  const holds = (node["init"] as Node | null | undefined)?.type;
  if (node.type === "VariableDeclarator" && !["ArrowFunctionExpression", "ObjectExpression"].includes(String(holds)))
    return;
  return functions.includes(String(node.type)) && typeof id?.name === "string" ? id.name : undefined;
}
