import { CorepoolError } from "@corepool/core/errors";
import { EXIT } from "@corepool/protocol/problems";
import { logRecord } from "@corepool/protocol/resources";
import { streamLogs } from "@corepool/protocol/routes/workloads";
import type { Client } from "@corepool/sdk/client";
import { searchWholeLog } from "@corepool/sdk/log";
import { followEvents } from "@corepool/sdk/sse";
import type { Command } from "commander";
import { connect } from "../connection.ts";
import type { Context } from "../context.ts";
import type { Action } from "./jobs.ts";

/** Lines asked for at a time: the most that the API gives. */
const PER_PAGE = 200;

interface LogOptions {
  readonly follow?: boolean;
  readonly grep?: string;
  readonly ignoreCase?: boolean;
}

/** `corepool logs ID [--follow | --grep TEXT]`. */
export function addLogs(program: Command, action: Action): void {
  program
    .command("logs")
    .description("show what a job wrote, follow it, or search in it")
    .argument("<id>", "a job's id")
    .option("-f, --follow", "go on until the job ends")
    .option(
      "-g, --grep <text>",
      "show only the lines that hold this text, each behind its number; the text is no pattern",
    )
    .option("-i, --ignore-case", "with --grep: capital letters or small ones")
    .addHelpText(
      "after",
      "\nThe coordinator searches, so that no more of a long log comes here than what is found.\n\nExamples:\n  $ corepool logs wkl_01… --follow\n  $ corepool logs wkl_01… --grep 'loss nan'\n  $ corepool logs wkl_01… --grep error -i --json",
    )
    .action((id: string, options: LogOptions, command: Command) =>
      action(async (context) => {
        checkOptions(options);
        const { client } = await connect(context, { reads: true });
        if (options.grep === undefined) await showLog(context, client, id, options.follow === true);
        else await showFound(context, client, id, options.grep, options.ignoreCase === true);
        return EXIT.ok;
      }, command),
    );
}

/** Rejects with `bad-usage` what does not go together. */
function checkOptions({ follow, grep, ignoreCase }: LogOptions): void {
  if (grep === undefined && ignoreCase === true)
    throw new CorepoolError("bad-usage", {
      detail: "--ignore-case says how --grep searches.",
      next: "Add --grep TEXT.",
    });
  if (grep !== undefined && follow === true)
    throw new CorepoolError("bad-usage", {
      detail: "--grep searches what was written so far, and --follow waits for more.",
      next: "Leave one of them out, or pipe: corepool logs ID --follow | grep TEXT",
    });
  if (grep === "") throw new CorepoolError("bad-usage", { detail: "--grep needs a text.", next: "Add --grep TEXT." });
}

async function showLog(context: Context, client: Client, id: string, follow: boolean): Promise<void> {
  const input = (lastId: string | undefined) => ({
    params: { id },
    query: { offset: Number(lastId ?? 0), follow: follow ? ("true" as const) : ("false" as const) },
  });
  for await (const event of followEvents(client, streamLogs, input)) {
    if (event.event === "end") break;
    const record = logRecord.safeParse(event.event === "reset" ? undefined : JSON.parse(event.data)).data;
    if (record === undefined) continue;
    context.output.event("log", { stream: record.stream, offset: record.offset, data: record.data });
    if (!context.output.json)
      (record.stream === "stderr" ? process.stderr : process.stdout).write(Buffer.from(record.data, "base64"));
  }
}

async function showFound(context: Context, client: Client, id: string, text: string, ignoreCase: boolean) {
  const { output } = context;
  let [lines, bytes] = [0, 0];
  const query = { text, ignoreCase: ignoreCase ? ("true" as const) : ("false" as const), limit: PER_PAGE };
  for await (const page of searchWholeLog(client, id, query)) {
    for (const line of page.data) {
      output.event("line", { ...line });
      output.line(`${output.dim(`${line.number}:`)}${line.text}`);
    }
    lines += page.data.length;
    bytes = page.searchedBytes;
  }
  if (lines === 0) output.hint(`No line holds it, in ${bytes} bytes of log.`);
}
