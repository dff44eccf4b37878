import { EXIT } from "@corepool/protocol/problems";
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { preparedFindings } from "../market/agent-findings.ts";
import type { Finding } from "../market/finding.ts";
import { supervisorOf } from "../market/lock.ts";
import { machineFindings } from "../market/machine-findings.ts";
import { readMarketFile } from "../market/market-file.ts";
import { essentials, extras } from "../market/preflight.ts";
import type { Action } from "./jobs.ts";

/** Where the market of this folder answers, while one runs. */
async function runningUrl(context: Context): Promise<string | undefined> {
  const pid = await supervisorOf(context.home);
  return pid === undefined ? undefined : (await readMarketFile(context.home))?.url;
}

async function running(context: Context): Promise<readonly Finding[]> {
  const pid = await supervisorOf(context.home);
  const market = pid === undefined ? undefined : await readMarketFile(context.home);
  if (market === undefined)
    return [
      {
        what: "market",
        level: "weak",
        line: `no market runs in ${context.home.dir}`,
        next: "Start one with: corepool up",
      },
    ];
  const answer = await fetch(`${market.url}/readyz`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined);
  const text = (await answer?.text())?.slice(0, 300) ?? "";
  if (answer?.ok === true) return [{ what: "market", level: "good", line: `runs at ${market.url}` }];
  return [
    {
      what: "market",
      level: "bad",
      line: answer === undefined ? `${market.url} does not answer` : `not ready: ${text}`,
      next: `Read the logs in ${context.home.logs}.`,
    },
  ];
}

/** `corepool doctor`: looks at everything a market needs, changes nothing. */
export function addDoctor(program: Command, action: Action): void {
  program
    .command("doctor")
    .description("check this machine: what works, what is weak, what is missing, and what to do about it")
    .addHelpText(
      "after",
      "\nExamples:\n  $ corepool doctor\n  $ corepool doctor --json\n\nExit code 0 when a market can run here, also with weaknesses (!); 7 when something that it needs is missing\nor must not be as it is (✗).",
    )
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const { output, home } = context;
        const found = [
          ...(await essentials(home.dir)),
          ...(await preparedFindings(home)),
          ...(await machineFindings(context, context.options.url ?? (await runningUrl(context)))),
          ...(await extras()),
          ...(await running(context)),
        ];
        for (const finding of found) {
          const mark = finding.level === "good" ? output.good("✓") : finding.level === "weak" ? "!" : output.bad("✗");
          output.line(`${mark} ${finding.what.padEnd(12)} ${finding.line}`);
          if (finding.level !== "good" && finding.next !== undefined)
            output.line(output.dim(`  ${"".padEnd(12)} → ${finding.next}`));
        }
        output.data({ findings: found });
        return found.some((f) => f.level === "bad") ? EXIT.machine : EXIT.ok;
      }, command),
    );
}
