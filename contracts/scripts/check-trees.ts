/** Fails unless every leaf of every .tree file has exactly one test: `node scripts/check-trees.ts [folder]`. */
import { join } from "node:path";
import { checkTrees } from "./trees.ts";

const folder = process.argv[2] ?? join(import.meta.dirname, "../test");
const { leaves, faults } = checkTrees(folder);
for (const fault of faults) console.error(`trees: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(`trees: ${leaves} leaves, each with its test`);
