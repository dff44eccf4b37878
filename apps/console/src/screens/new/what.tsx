import { Trans, useLingui } from "@lingui/react/macro";
import { shellWord } from "../../kit/form/copy-as.ts";
import { TextField } from "../../kit/form/fields.tsx";
import type { Form } from "../../kit/form/use-form.ts";
import { Button } from "../../kit/ui/button.tsx";
import { wordsOf } from "./command-line.ts";
import { Files } from "./files.tsx";
import type { InputFile } from "./inputs.ts";
import type { Draft } from "./model.ts";
import { Pane } from "./pane.tsx";
import { variablesOf, variablesText } from "./quantities.ts";
import { TypedField } from "./typed-field.tsx";

/** No words: the same in every language. */
const SAMPLE_COMMAND = 'python3 -c "print(6*7)"';
const SAMPLE_VARIABLE = "EPOCHS=30";

/** A line as the specification takes it; undefined while a quotation mark is open. */
function commandOf(line: string): readonly string[] | undefined {
  const { words, open } = wordsOf(line);
  return open ? undefined : words;
}

/** What runs: a command, its files, its environment. */
export function What({
  form,
  files,
  setFiles,
  onExample,
}: {
  readonly form: Form<Draft>;
  readonly files: readonly InputFile[];
  readonly setFiles: (files: readonly InputFile[]) => void;
  readonly onExample: () => void;
}) {
  const { t } = useLingui();
  return (
    <Pane
      title={<Trans>What runs</Trans>}
      actions={
        <Button look="quiet" onClick={onExample}>
          <Trans>Fill in the digits example</Trans>
        </Button>
      }
    >
      <TypedField
        form={form}
        at="/spec/command"
        label={t`Command`}
        placeholder={SAMPLE_COMMAND}
        lines={2}
        hint={t`It runs in /work, where its files lie. What it writes below outputs/ comes back.`}
        wrong={t`A quotation mark is never closed.`}
        read={commandOf}
        write={(words: readonly string[]) => words.map(shellWord).join(" ")}
      />
      <Files files={files} setFiles={setFiles} />
      <TypedField
        form={form}
        at="/spec/env"
        label={t`Environment`}
        placeholder={SAMPLE_VARIABLE}
        lines={2}
        hint={t`One NAME=value a line. Its machine reads them, so no secrets.`}
        wrong={t`Each line is NAME=value.`}
        read={(text: string) => (text.trim() === "" ? null : variablesOf(text))}
        write={variablesText}
      />
      <TextField form={form} at="/spec/name" label={t`Name`} hint={t`For your own lists.`} />
    </Pane>
  );
}
