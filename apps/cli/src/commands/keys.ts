import { CorepoolError } from "@corepool/core/errors";
import { EXIT } from "@corepool/protocol/problems";
import { SCOPES } from "@corepool/protocol/route";
import { createApiKey, listApiKeys, revokeApiKey } from "@corepool/protocol/routes/accounts";
import { call } from "@corepool/sdk/call";
import { wholeList } from "@corepool/sdk/pages";
import type { Command } from "commander";
import { z } from "zod";
import { connect, tokenOf } from "../connection.ts";
import { table } from "../output.ts";
import { parseMoney } from "../quantities.ts";
import type { Action } from "./jobs.ts";

const OFFERED = SCOPES.filter((scope) => scope !== "agent");

/** `corepool keys …`: API keys with scopes and a spend cap. */
export function addKeys(program: Command, action: Action): void {
  const keys = program
    .command("keys")
    .description("API keys: make, list, revoke")
    .addHelpText(
      "after",
      `\nScopes: ${OFFERED.join(", ")}\n\nExamples:\n  $ corepool keys create ci --scope workloads:read --scope blobs:read\n  $ corepool keys revoke key_01…`,
    );
  keys
    .command("list", { isDefault: true })
    .description("list your keys")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const { client } = await connect(context, { reads: true });
        const page = await wholeList((query) => call(client, listApiKeys, { query }));
        for (const line of table(
          page.data.map((k) => [k.id, k.name, k.revokedAt === null ? "live" : "revoked", k.scopes.join(",")]),
        ))
          context.output.line(line);
        if (page.data.length === 0)
          context.output.line("No keys yet. Make one with: corepool keys create NAME --scope workloads:read");
        context.output.data(page);
        return EXIT.ok;
      }, command),
    );
  keys
    .command("create")
    .description("make a key; its secret is shown once")
    .argument("<name>")
    .option(
      "--scope <scope>",
      "what it may do (may be repeated)",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option("--spend-cap <amount>", "most it may ever put in escrow, in GP")
    .action(
      (name: string, options: { readonly scope: readonly string[]; readonly spendCap?: string }, command: Command) =>
        action(async (context) => {
          const scopes = z
            .array(z.enum(SCOPES).exclude(["agent"]))
            .min(1)
            .safeParse(options.scope);
          if (!scopes.success)
            throw new CorepoolError("bad-usage", {
              detail: "A key needs at least one known --scope.",
              next: `Scopes: ${OFFERED.join(", ")}.`,
            });
          const { client, market } = await connect(context);
          const cap =
            options.spendCap === undefined
              ? {}
              : { spendCap: String(parseMoney(options.spendCap, tokenOf(market, "GP"), "--spend-cap")) };
          const made = await call(client, createApiKey, { body: { name, scopes: scopes.data, ...cap } });
          context.output.line(`${made.secret}\n  ${made.key.id}; this is the only time its secret is shown`);
          context.output.data(made);
          return EXIT.ok;
        }, command),
    );
  keys
    .command("revoke")
    .description("revoke a key at once")
    .argument("<id>")
    .action((id: string, _: unknown, command: Command) =>
      action(async (context) => {
        const { client } = await connect(context);
        await call(client, revokeApiKey, { params: { id } });
        context.output.line(`${context.output.good("✓")} ${id} is revoked`);
        context.output.data({ id, revoked: true });
        return EXIT.ok;
      }, command),
    );
}
