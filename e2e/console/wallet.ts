import type { Page } from "playwright-core";
import { createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** How the test's wallet behaves; a test changes it while the page runs. */
export interface WalletBehaviour {
  reject: boolean;
  chainId: number;
  /** A transaction is signed and answered with its hash, and then never reaches a block. */
  drop: boolean;
}

interface Ask {
  readonly method: string;
  readonly params?: readonly unknown[];
}

/**
 * A wallet that announces itself by EIP-6963 and signs in this process, so that its key is never in the page. Reads and
 * transactions go to the chain at `rpcUrl`. Call it before the page is opened.
 */
export async function announceWallet(
  target: Pick<Page, "exposeFunction" | "addInitScript">,
  options: { readonly privateKey: Hex; readonly rpcUrl: string; readonly chainId: number; readonly name?: string },
): Promise<WalletBehaviour> {
  const account = privateKeyToAccount(options.privateKey);
  const behaviour: WalletBehaviour = { reject: false, chainId: options.chainId, drop: false };
  const rejected = { error: { code: 4001, message: "User rejected the request." } };
  const rpc = async ({ method, params }: Ask): Promise<unknown> => {
    const answer = await fetch(options.rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params ?? [] }),
    });
    return answer.json();
  };
  const own = createWalletClient({ account, transport: http(options.rpcUrl) });
  const send = async ({
    to,
    data,
    value,
    gas,
  }: Readonly<Record<"to" | "data" | "value" | "gas", Hex | undefined>>) => ({
    result: await own.sendTransaction({
      chain: null,
      ...(to === undefined ? {} : { to }),
      ...(data === undefined ? {} : { data }),
      ...(value === undefined ? {} : { value: BigInt(value) }),
      ...(gas === undefined ? {} : { gas: BigInt(gas) }),
    }),
  });
  const answer = async (ask: Ask): Promise<unknown> => {
    const { method, params = [] } = ask;
    if (method === "eth_requestAccounts") return behaviour.reject ? rejected : { result: [account.address] };
    if (method === "eth_accounts") return { result: [account.address] };
    if (method === "eth_chainId") return { result: `0x${behaviour.chainId.toString(16)}` };
    if (method === "wallet_switchEthereumChain") {
      if (behaviour.reject) return rejected;
      behaviour.chainId = Number((params[0] as { readonly chainId: string }).chainId);
      return { result: null };
    }
    if (method === "personal_sign")
      return behaviour.reject
        ? rejected
        : { result: await account.signMessage({ message: { raw: params[0] as Hex } }) };
    if (method === "eth_signTypedData_v4") {
      if (behaviour.reject) return rejected;
      const { EIP712Domain: _, ...types } = (JSON.parse(String(params[1])) as { readonly types: Record<string, never> })
        .types;
      return { result: await account.signTypedData({ ...(JSON.parse(String(params[1])) as object), types } as never) };
    }
    if (method === "eth_sendTransaction") {
      if (behaviour.reject) return rejected;
      if (behaviour.drop) return { result: `0x${"d0".repeat(32)}` };
      return send(params[0] as Readonly<Record<"to" | "data" | "value" | "gas", Hex | undefined>>);
    }
    return rpc(ask);
  };
  await target.exposeFunction("askTestWallet", answer);
  await target.addInitScript((name) => {
    const ask = (
      globalThis as unknown as {
        readonly askTestWallet: (ask: object) => Promise<{
          readonly result?: unknown;
          readonly error?: { readonly code: number; readonly message: string };
        }>;
      }
    ).askTestWallet;
    const provider = {
      request: async (request: object) => {
        const { result, error } = await ask(request);
        if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
        return result;
      },
      on: () => provider,
      removeListener: () => provider,
    };
    const icon = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
    const detail = Object.freeze({
      info: { uuid: "00000000-0000-4000-8000-000000000001", name, icon, rdns: "example.test-wallet" },
      provider,
    });
    const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
    addEventListener("eip6963:requestProvider", announce);
    announce();
  }, options.name ?? "Test wallet");
  return behaviour;
}

/** A virtual authenticator that verifies its person by itself. `prf`: whether it derives keys. */
export async function addPasskeys(page: Page, prf: boolean): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: prf,
    } as never,
  });
}
