import { describe, expect, it } from "vitest";
import { type Command, found } from "./commands.ts";

const command = (text: string, also = ""): Command => ({ id: text, text, also, hint: "", run: () => undefined });
const commands = [
  command("마켓", "Market /market"),
  command("New workload"),
  command("Workloads"),
  command("Dark theme"),
];
const names = (text: string) => found(commands, text).map((each) => each.text);

describe("the palette", () => {
  it("lists everything in its order for no text", () => expect(names(" ")).toEqual(commands.map((c) => c.text)));

  it("puts a name that begins with the text before one that has it", () => {
    expect(names("work")).toEqual(["Workloads", "New workload"]);
  });

  it("finds by several words, by the English name and by nothing else", () => {
    expect(names("theme dark")).toEqual(["Dark theme"]);
    expect(names("MARKET")).toEqual(["마켓"]);
    expect(names("zzz")).toEqual([]);
  });
});
