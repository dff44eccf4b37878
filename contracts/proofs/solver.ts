/** One question to Z3, in a process of its own: SMT-LIB on standard input, the answer on standard output. */
import { readFileSync } from "node:fs";
import { init } from "z3-solver";

const { Z3 } = await init();
// Without these two the same proofs take several times as long.
Z3.global_param_set("fp.spacer.order_children", "1");
Z3.global_param_set("fp.spacer.global", "true");
const answer = await Z3.eval_smtlib2_string(Z3.mk_context(Z3.mk_config()), readFileSync(0, "utf8"));
// Z3's threads would keep the process alive.
process.stdout.write(answer, () => process.exit(0));
