/**
 * Weaknesses of machines as marks: a short line in a unit's specification, so that the offer's hash covers it. One that
 * comes from a program names the first version without it: `bubblewrap<0.12.0:CVE-2026-87766`; another is a phrase.
 */
const VERSIONED = /^([a-z][a-z0-9-]*)<([^:]+):([A-Za-z0-9-]+)$/;

/** The program that a mark is about, and its first version without the weakness; undefined for a mark of another kind. */
export function fixedProgram(mark: string): { readonly program: string; readonly version: string } | undefined {
  const [, program, version] = VERSIONED.exec(mark) ?? [];
  return program === undefined || version === undefined ? undefined : { program, version };
}

/** What a mark is called in rules: the identifier of the weakness where it has one, else the mark itself. */
export function weaknessId(mark: string): string {
  return VERSIONED.exec(mark)?.[3] ?? mark;
}

/** Those of a machine's marks that the rules name, by mark or identifier, whatever the case; `*` names all. */
export function namedWeaknesses(marks: readonly string[], rules: readonly string[]): readonly string[] {
  const named = new Set(rules.map((rule) => rule.trim().toLowerCase()));
  return marks.filter(
    (mark) => named.has("*") || named.has(mark.toLowerCase()) || named.has(weaknessId(mark).toLowerCase()),
  );
}

/** What the owner of the machine can do about a mark, one sentence. */
export function cureOf(mark: string): string {
  const fixed = fixedProgram(mark);
  if (fixed !== undefined)
    return `Install ${fixed.program} ${fixed.version} or later, from a newer release of the distribution or from its source, and restart the agent.`;
  if (/^(memory|disk)-/.test(mark)) return "Start the agent as root: its supervisor prepares what the limits need.";
  return "Run corepool doctor on the machine.";
}
