/** A number that the environment may set. */
export const setting = (name: string, standard: number): number => Number(process.env[name] ?? standard);
