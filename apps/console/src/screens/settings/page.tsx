import { Trans, useLingui } from "@lingui/react/macro";
import { speak } from "../../app/messages.ts";
import { useStore } from "../../app/store.ts";
import { LOCALE_NAMES, LOCALES } from "../../app/words.ts";
import { identity } from "../../identity/identity.ts";
import { Choice } from "../../kit/form/choice.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead, Section } from "../../kit/ui/page.tsx";
import { Empty } from "../../kit/ui/states.tsx";
import { show } from "../../shell/layers.ts";
import { DENSITIES, localeOf, prefer, preferences, THEMES } from "../../shell/preferences.ts";
import { ApiKeys } from "./api-keys.tsx";
import { KnownMarketSection } from "./known-market.tsx";

/** Theme, density, language; which market is trusted; API keys. */
export default function SettingsPage() {
  const { t } = useLingui();
  const chosen = useStore(preferences);
  const who = useStore(identity);
  const themes = { system: t`System`, light: t`Light`, dark: t`Dark` };
  const densities = { compact: t`Compact`, normal: t`Normal`, comfortable: t`Comfortable` };
  return (
    <>
      <PageHead title={<Trans>Settings</Trans>} />
      <Section title={<Trans>Appearance</Trans>} note={<Trans>Kept on this device.</Trans>}>
        <div className="flex flex-wrap gap-x-8 gap-y-4">
          <Choice
            label={t`Theme`}
            value={chosen.theme}
            options={THEMES.map((each) => [each, themes[each]])}
            onChange={(theme) => prefer({ theme })}
          />
          <Choice
            label={t`Density`}
            value={chosen.density}
            options={DENSITIES.map((each) => [each, densities[each]])}
            onChange={(density) => prefer({ density })}
          />
          <Choice
            label={t`Language`}
            value={localeOf(chosen, navigator.languages)}
            options={LOCALES.map((each) => [each, LOCALE_NAMES[each]])}
            onChange={(locale) => {
              prefer({ locale });
              void speak(locale);
            }}
          />
        </div>
      </Section>
      <KnownMarketSection />
      {who === undefined ? (
        <Empty
          title={<Trans>API keys</Trans>}
          action={
            <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
              <Trans>Sign in</Trans>
            </Button>
          }
        >
          <Trans>
            Programs call the API with a key of their own, with just the rights and the spending that you give it. Sign
            in to make one.
          </Trans>
        </Empty>
      ) : (
        <ApiKeys />
      )}
    </>
  );
}
