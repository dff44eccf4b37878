// Stands in for zod's writer of JSON Schema in the browser's build; see vite.config.ts. Whoever calls it learns so.
const none = () => {
  throw new Error("This build of zod writes no JSON Schema.");
};

export const createToJSONSchemaMethod = () => none;
export const createStandardJSONSchemaMethod = () => none;
export const aggregateChecks = none;
