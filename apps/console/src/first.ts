import { config } from "zod";

// Imported before anything that makes a schema: zod would compile parsers with `new Function`, which the page's policy
// forbids; even its trying is reported as a violation.
config({ jitless: true });
