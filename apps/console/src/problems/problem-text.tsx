import { CorepoolError } from "@corepool/core/errors";
import { useProblem } from "./use-problem.ts";

/** What a failure is, what to do next, and the English words that came with it. `bad`: in the colour of failures. */
export function ProblemText({ error, bad = false }: { readonly error: unknown; readonly bad?: boolean }) {
  const { title, next } = useProblem(error);
  const detail = error instanceof Error ? error.message : String(error);
  const own = error instanceof CorepoolError ? error.next : undefined;
  return (
    <>
      {/* Errors of the API are told in English; the page's own are in its language. */}
      <p
        lang={title === undefined && error instanceof CorepoolError ? "en" : undefined}
        className={bad ? "text-bad" : undefined}
      >
        {title ?? detail}
      </p>
      {next === undefined ? null : <p data-next>{next}</p>}
      {title === undefined && own === undefined ? null : (
        <div lang="en" className="text-muted">
          {title === undefined ? null : <p>{detail}</p>}
          {own === undefined ? null : <p>{own}</p>}
        </div>
      )}
    </>
  );
}
