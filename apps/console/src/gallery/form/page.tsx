import { CorepoolError } from "@corepool/core/errors";
import { useState } from "react";
import { z } from "zod";
import { Choice } from "../../kit/form/choice.tsx";
import { cliText, yamlText } from "../../kit/form/copy-as.ts";
import { CopyAs } from "../../kit/form/copy-as-button.tsx";
import {
  CheckField,
  FormFailure,
  MoneyField,
  NumberField,
  SelectField,
  SetField,
  TextField,
} from "../../kit/form/fields.tsx";
import { useForm } from "../../kit/form/use-form.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { PageHead, Section } from "../../kit/ui/page.tsx";

const schema = z.strictObject({
  name: z.string().min(3).max(20),
  cpus: z.int().min(1).max(64),
  most: z.string().regex(/^\d+$/, "base units"),
  region: z.enum(["kr", "eu"]).optional(),
  scopes: z.array(z.string()).min(1),
  detach: z.boolean().optional(),
});
const FAILURES = {
  none: undefined,
  rejected: { code: 4001 },
  "wrong-chain": { code: 4902 },
  dropped: { name: "WaitForTransactionReceiptTimeoutError" },
  "no-funds": { code: "insufficient-funds" },
} as const;

export default function FormGallery() {
  const [said, setSaid] = useState("");
  const [asking, setAsking] = useState(false);
  const [failing, setFailing] = useState<keyof typeof FAILURES>("none");
  const form = useForm({
    schema,
    initial: { cpus: 1 },
    send: async (document) => {
      if (document.name === "taken")
        throw new CorepoolError("bad-request", {
          detail: "x",
          data: { errors: [{ pointer: "/name", message: "This name is taken." }] },
        });
      if (document.name === "broken") throw new CorepoolError("internal", { detail: "Something broke on our side." });
      setSaid(JSON.stringify(document));
    },
  });
  return (
    <>
      <PageHead title="Form kit">{said}</PageHead>
      <Section title="A form">
        <form
          noValidate
          className="grid max-w-xl gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void form.submit();
          }}
        >
          <TextField form={form} at="/name" label="Name" hint="Three to twenty characters; taken and broken fail." />
          <NumberField form={form} at="/cpus" label="CPUs" unit="cores" />
          <MoneyField form={form} at="/most" label="At most" token={{ symbol: "USDC", decimals: 6 }} />
          <SelectField
            form={form}
            at="/region"
            label="Region"
            options={[
              ["", "Anywhere"],
              ["kr", "Korea"],
              ["eu", "Europe"],
            ]}
          />
          <SetField
            form={form}
            at="/scopes"
            label="Scopes"
            options={[
              ["a", "read", "see"],
              ["b", "write", "change"],
            ]}
          />
          <CheckField form={form} at="/detach" label="Leave it running" />
          <FormFailure form={form} />
          <div className="flex gap-2">
            <Button look="primary" type="submit" busy={form.busy}>
              Send
            </Button>
            <CopyAs
              same={{
                cli: cliText(["run", "--name", String(form.document.name ?? "")]),
                yaml: yamlText(form.document),
              }}
            />
          </div>
        </form>
      </Section>
      <Section title="A dialog that says what happens">
        <div className="flex flex-wrap items-end gap-4">
          <Choice
            label="It fails by"
            value={failing}
            options={(Object.keys(FAILURES) as (keyof typeof FAILURES)[]).map((each) => [each, each])}
            onChange={setFailing}
          />
          <Button look="danger" onClick={() => setAsking(true)}>
            Stop the job
          </Button>
        </div>
      </Section>
      {asking ? (
        <EffectsDialog
          title="Stop the job?"
          danger
          confirm="Stop"
          effects={{
            money: "What was served is paid, the rest comes back.",
            data: "Outputs so far are kept.",
            time: "It ends within ten seconds.",
          }}
          run={async () => {
            const failure = FAILURES[failing];
            if (failure !== undefined) throw Object.assign(new Error("gallery"), failure);
            setSaid("stopped");
          }}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
