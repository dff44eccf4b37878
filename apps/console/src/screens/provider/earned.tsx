import type { Token } from "@corepool/core/money";
import { Money } from "../../kit/values/money.tsx";
import type { Sums } from "./attribution.ts";

/** Sums in every token, the market's first one first; a dash for none. */
export function Earned({
  sums,
  tokenOf,
}: {
  readonly sums: Sums | undefined;
  readonly tokenOf: (address: string) => Token | undefined;
}) {
  const shown = [...(sums ?? [])].flatMap(([address, sum]) => {
    const token = tokenOf(address);
    return token === undefined || sum === 0n ? [] : [{ token, sum }];
  });
  if (shown.length === 0) return <span className="text-faint">–</span>;
  return (
    <>
      {shown.map(({ token, sum }, index) => (
        <span key={token.symbol}>
          {index === 0 ? "" : " + "}
          <Money base={sum} token={token} />
        </span>
      ))}
    </>
  );
}
