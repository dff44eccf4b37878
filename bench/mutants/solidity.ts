import { createRequire } from "node:module";
import type { Change } from "./mutant.ts";

interface Node {
  readonly nodeType: string;
  readonly src: string;
  readonly [member: string]: unknown;
}

const require = createRequire(import.meta.url);
const solc = require("solc") as { compile(input: string): string };

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "==": ["!="],
  "!=": ["=="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "|": ["&"],
  "&": ["|"],
  "<<": [">>"],
  ">>": ["<<"],
  "+=": ["-="],
  "-=": ["+="],
  "|=": ["&="],
  "&=": ["|="],
};
/** A condition of which a swap or a removed `!` is already the negation. */
const PLAIN = /^(![^&|]*|[^&|]*(==|!=|<|>|<=|>=)[^&|]*)$/;
const FREE_MEMORY = /^\{"arguments":\[\{[^{}]*"value":"0x40"\}\],"functionName":\{"name":"mload"/;
const YUL_SWAPS: Readonly<Record<string, string>> = {
  lt: "gt",
  gt: "lt",
  add: "sub",
  sub: "add",
  and: "or",
  or: "and",
  shl: "shr",
  shr: "shl",
};

/**
 * The changes to a Solidity file: comparisons, arithmetic and logic swapped; conditions negated; requirements, reverts,
 * assignments, calls, events, returns and modifiers removed; numbers one higher or lower; the same in assembly.
 * @param source ASCII, so that the compiler's byte offsets are string offsets
 */
export function solidityChanges(source: string): Change[] {
  const changes: Change[] = [];
  visit(parse(source), "", (node, scope) => changes.push(...changesAt(source, node, scope)));
  return changes;
}

function changesAt(source: string, node: Node, scope: string): Change[] {
  const [start, end] = range(node);
  const change = (operator: string, from: number, to: number, text: string): Change => ({
    operator,
    start: from,
    end: to,
    text,
    shown: [start, end],
    scope,
  });
  const swapBetween = (left: Node, right: Node, operator: string): Change[] => {
    const from = source.indexOf(operator, range(left)[1]);
    if (from < 0 || from >= range(right)[0]) return [];
    return (SWAPS[operator] ?? []).map((text) => change("swap", from, from + operator.length, text));
  };
  switch (node.nodeType) {
    case "BinaryOperation":
      return swapBetween(node["leftExpression"] as Node, node["rightExpression"] as Node, String(node["operator"]));
    case "Assignment":
      return swapBetween(node["leftHandSide"] as Node, node["rightHandSide"] as Node, String(node["operator"]));
    case "UnaryOperation":
      return node["operator"] === "!" ? [change("negate", start, start + 1, "")] : [];
    case "Conditional": {
      const [yes, no] = [range(node["trueExpression"] as Node), range(node["falseExpression"] as Node)];
      return [change("branch", start, end, source.slice(...yes)), change("branch", start, end, source.slice(...no))];
    }
    case "IfStatement": {
      const [from, to] = range(node["condition"] as Node);
      const body = node["trueBody"] as Node;
      if (body.nodeType === "RevertStatement" && node["falseBody"] == null)
        return [change("refusal", start, end + 1, "{}")];
      // Of a plain comparison, the swap is the same.
      return PLAIN.test(source.slice(from, to)) ? [] : [change("negate", from, to, `!(${source.slice(from, to)})`)];
    }
    // A revert alone in the branch of an `if` goes with its condition.
    case "Block":
      return (node["statements"] as readonly Node[])
        .filter(({ nodeType }) => nodeType === "RevertStatement")
        .map((revert) => ({ ...change("remove", range(revert)[0], range(revert)[1] + 1, "{}"), shown: range(revert) }));
    case "ExpressionStatement":
    case "EmitStatement":
      return [change("remove", start, end + 1, "{}")];
    case "Return":
      return node["expression"] == null ? [] : [change("remove", start, end + 1, "{}")];
    case "ModifierInvocation":
      return [change("modifier", start, end, "")];
    case "Literal":
      return number(source, start, end).map((text) => change("number", start, end, text));
    case "YulLiteral":
      return number(source, start, end)
        .slice(0, 1)
        .map((text) => change("number", start, end, text));
    case "YulFunctionCall": {
      const name = String((node["functionName"] as { name?: unknown }).name);
      const swapped = YUL_SWAPS[name];
      return swapped === undefined ? [] : [change("swap", start, start + name.length, swapped)];
    }
    default:
      return [];
  }
}

/** A number one higher, and one lower where there is one. */
function number(source: string, start: number, end: number): string[] {
  const text = source.slice(start, end);
  if (!/^(\d[\d_]*|0x[0-9a-fA-F]{1,64})$/.test(text)) return [];
  const value = BigInt(text.replaceAll("_", ""));
  const write = (n: bigint): string => (text.startsWith("0x") ? `0x${n.toString(16)}` : n.toString());
  return value === 0n ? [write(1n)] : [write(value + 1n), write(value - 1n)];
}

function range(node: Node): [number, number] {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return [start, start + length];
}

function visit(node: unknown, scope: string, seen: (node: Node, scope: string) => void): void {
  if (Array.isArray(node)) {
    for (const each of node) visit(each, scope, seen);
  } else if (typeof node === "object" && node !== null) {
    const { nodeType, name } = node as Partial<Node>;
    // Types (`uint256[3]`), imports and inheritance hold no behaviour.
    if (nodeType === "ArrayTypeName" || nodeType === "ImportDirective" || nodeType === "InheritanceSpecifier") return;
    const inner =
      nodeType === "FunctionDefinition" || nodeType === "VariableDeclaration"
        ? scope === ""
          ? String(name === "" ? (node as Partial<Node>)["kind"] : name)
          : scope
        : scope;
    // The free memory pointer, and hence everything behind it, a byte further on is the same program.
    if (nodeType === "YulFunctionCall" && FREE_MEMORY.test(JSON.stringify(node))) return;
    if (nodeType !== undefined) seen(node as Node, inner);
    for (const child of Object.values(node)) visit(child, inner, seen);
  }
}

function parse(source: string): unknown {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: "Solidity",
        sources: { "a.sol": { content: source } },
        settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
      }),
    ),
  ) as { sources?: Record<string, { ast?: unknown }>; errors?: readonly { formattedMessage: string }[] };
  const ast = output.sources?.["a.sol"]?.ast;
  if (ast === undefined) throw new Error(output.errors?.map((e) => e.formattedMessage).join("\n") ?? "not parsed");
  return ast;
}
