import type pg from "pg";

/** A value that must not be seen, by what it is. */
export type Secrets = ReadonlyMap<string, string>;

/** The forms in which a value may slip out. */
function formsOf(value: string): string[] {
  const bare = value.replace(/^0x/, "");
  const bytes = /^0x[0-9a-f]+$/i.test(value) ? Buffer.from(bare, "hex") : undefined;
  const texts = Buffer.from(value, "utf8");
  const forms = [value, bare, bare.toUpperCase(), encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
  // Base64 depends on where in a text the value begins: the part that does not, at each of the three places.
  for (const whole of bytes === undefined ? [texts] : [texts, bytes]) {
    forms.push(whole.toString("hex"));
    for (const shift of [0, 1, 2]) {
      const shifted = Buffer.concat([Buffer.alloc(shift), whole]).toString("base64url");
      const inner = shifted.slice(shift === 0 ? 0 : shift + 1, shifted.length - 2);
      forms.push(inner, inner.replaceAll("-", "+").replaceAll("_", "/"));
    }
  }
  return [...new Set(forms)].filter((form) => form.length >= 16);
}

/** Which secrets a text shows, in whatever form: a line for each. */
export function leaksIn(text: string, secrets: Secrets): string[] {
  const found: string[] = [];
  for (const [what, value] of secrets) {
    const at = formsOf(value)
      .map((form) => text.indexOf(form))
      .find((index) => index >= 0);
    if (at !== undefined) found.push(`${what}: …${text.slice(Math.max(0, at - 160), at).replaceAll("\n", " ")}`);
  }
  return found;
}

/** Every row of every table, as text: what a copy of the database shows. */
export async function dumpOf(pool: pg.Pool): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  const dump: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ line: string }>(`select t::text as line from ${name} t`);
    dump.push(...rows.map(({ line }) => `${name} ${line}`));
  }
  return dump.join("\n");
}
