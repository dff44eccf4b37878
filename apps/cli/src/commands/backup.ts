import { EXIT } from "@corepool/protocol/problems";
import type { Command } from "commander";
import { backupMarket, restoreMarket } from "../market/backup.ts";
import type { Action } from "./jobs.ts";

/** `corepool backup`: the whole market of this folder, into another. */
export function addBackup(program: Command, action: Action): void {
  program
    .command("backup <folder>")
    .description("copy the whole market (database, blobs, chain, keys) into a new folder, while it runs or not")
    .addHelpText(
      "after",
      "\nThe backup holds private keys: keep it as you keep them. docs/operations.md says what is lost between backups.\n\nExamples:\n  $ corepool backup /backups/$(date +%F)",
    )
    .action((folder: string, _: unknown, command: Command) =>
      action(async (context) => {
        const done = await backupMarket(context, folder);
        context.output.line(`${context.output.good("✓")} backed up to ${done.dir}, as of ${done.createdAt}`);
        context.output.line(context.output.dim("It holds private keys. Restore it with: corepool restore FOLDER"));
        context.output.data(done);
        return EXIT.ok;
      }, command),
    );
}

/** `corepool restore`: a backup into a fresh COREPOOL_HOME. */
export function addRestore(program: Command, action: Action): void {
  program
    .command("restore <folder>")
    .description("bring a backup into this machine's data folder, which must hold no market")
    .addHelpText("after", "\nExamples:\n  $ COREPOOL_HOME=~/restored corepool restore /backups/2026-11-25")
    .action((folder: string, _: unknown, command: Command) =>
      action(async (context) => {
        const done = await restoreMarket(context, folder);
        context.output.line(
          `${context.output.good("✓")} restored into ${done.dir}, as of ${done.createdAt}; start it with: corepool up`,
        );
        context.output.data(done);
        return EXIT.ok;
      }, command),
    );
}
