// `npm run bench`: lists what can be measured; `npm run bench -- NAME` measures it and prints `name value unit` lines.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { handOver } from "./setup/commands.mjs";
import { node24 } from "./setup/npm-packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = readdirSync(join(root, "bench"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();
const [name, ...words] = process.argv.slice(2);

if (name === undefined) {
  console.log("npm run bench -- NAME, where NAME is one of:");
  for (const each of names) console.log(`  ${each}`);
} else if (!names.includes(name) || !existsSync(node24(root))) {
  console.error(
    names.includes(name)
      ? "Set the clone up first: node scripts/setup.mjs"
      : `There is no benchmark "${name}". There are: ${names.join(", ")}.`,
  );
  process.exitCode = 2;
} else {
  const program = `const { run } = await import(${JSON.stringify(join(root, "bench", `${name}.ts`))});
await run((name, value, unit) => console.log(\`\${name} \${value} \${unit}\`));`;
  process.exitCode = await handOver(node24(root), ["--input-type=module", "-e", program, "--", name, ...words], {
    cwd: root,
  });
}
