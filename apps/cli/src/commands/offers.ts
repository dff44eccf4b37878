import { formatBytes } from "@corepool/core/bytes";
import { EXIT } from "@corepool/protocol/problems";
import { listOffers } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import type { Command } from "commander";
import { connect, tokenOf } from "../connection.ts";
import { table } from "../output.ts";
import { describeIsolation } from "../progress.ts";
import { parseCount } from "../quantities.ts";
import { type Action, priceLine } from "./jobs.ts";

/** `corepool offers`. */
export function addOffers(program: Command, action: Action): void {
  program
    .command("offers")
    .description("list what can be rented, cheapest first")
    .option("--token <symbol>", "only offers in this token")
    .option("--cpu <count>", "at least this many cores")
    .addHelpText("after", "\nExamples:\n  $ corepool offers\n  $ corepool offers --token GP --cpu 2 --json")
    .action((options: { readonly token?: string; readonly cpu?: string }, command: Command) =>
      action(async (context) => {
        const { output } = context;
        const { client, market } = await connect(context, { anonymous: true, reads: true });
        const query = {
          ...(options.token === undefined ? {} : { token: tokenOf(market, options.token).address }),
          ...(options.cpu === undefined ? {} : { cpus: String(parseCount(options.cpu, "--cpu")) }),
        };
        const page = await call(client, listOffers, { query });
        const rows = page.data.map(({ signed, busy, online, machine }) => {
          const { resources } = signed.spec;
          return [
            `unit ${signed.spec.unit}`,
            `${machine.slice(0, 10)}…`,
            `${resources.cpus} CPU`,
            formatBytes(resources.memoryBytes),
            `${formatBytes(resources.diskBytes)} disk`,
            `${resources.gpus.length} GPU`,
            online ? (busy ? "busy" : output.good("free")) : output.bad("offline"),
            priceLine(signed.offer.rate, tokenOf(market, signed.offer.token)),
          ];
        });
        for (const line of table(rows)) output.line(line);
        const isolation = page.data[0]?.signed.spec.isolation;
        if (isolation !== undefined) output.line(output.dim(`isolation of the first: ${describeIsolation(isolation)}`));
        if (page.data.length === 0) output.line("No offers now: no provider is connected, or none fits.");
        output.data(page);
        return EXIT.ok;
      }, command),
    );
}
