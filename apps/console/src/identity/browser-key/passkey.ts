/** What a passkey gave when it was asked. */
export interface PasskeyAnswer {
  readonly credential: Uint8Array<ArrayBuffer>;
  /** 32 secret bytes that only this passkey gives for this salt; undefined where it cannot derive. */
  readonly secret: ArrayBuffer | undefined;
}

/** The page's name, for which passkeys are made. They are made for names only, not for bare addresses. */
export function passkeysPossible(hostname: string, secure: boolean): "yes" | "needs-name" | "needs-https" {
  if (/^[\d.]+$/.test(hostname) || hostname.startsWith("[") || hostname.includes(":")) return "needs-name";
  return secure ? "yes" : "needs-https";
}

interface PrfResults {
  readonly prf?: { readonly enabled?: boolean; readonly results?: { readonly first?: BufferSource } };
}

function secretOf(credential: PublicKeyCredential): ArrayBuffer | undefined {
  const first = (credential.getClientExtensionResults() as PrfResults).prf?.results?.first;
  if (first === undefined) return undefined;
  return first instanceof ArrayBuffer
    ? first
    : (first.buffer.slice(first.byteOffset, first.byteOffset + first.byteLength) as ArrayBuffer);
}

const prf = (salt: Uint8Array<ArrayBuffer>) =>
  ({ prf: { eval: { first: salt } } }) as AuthenticationExtensionsClientInputs;
const challenge = () => crypto.getRandomValues(new Uint8Array(32));

/** Makes a passkey and has it derive a secret for the salt. Rejects (`NotAllowedError`) when the person declines. */
export async function makePasskey(name: string, salt: Uint8Array<ArrayBuffer>): Promise<PasskeyAnswer> {
  const made = (await navigator.credentials.create({
    publicKey: {
      rp: { name: "Corepool" },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
      challenge: challenge(),
      // ES256, EdDSA, RS256. The signature is checked by nobody: what counts is the secret, or the person's presence.
      pubKeyCredParams: [
        { type: "public-key", alg: -7 },
        { type: "public-key", alg: -8 },
        { type: "public-key", alg: -257 },
      ],
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      extensions: prf(salt),
    },
  })) as PublicKeyCredential | null;
  if (made === null) throw new DOMException("No passkey was made.", "NotAllowedError");
  const credential = new Uint8Array(made.rawId);
  const secret = secretOf(made);
  if (secret !== undefined) return { credential, secret };
  // Many authenticators derive only when they are asked, not when they are made.
  const able = (made.getClientExtensionResults() as PrfResults).prf?.enabled === true;
  return able ? askPasskey(credential, salt) : { credential, secret: undefined };
}

/** Asks a passkey: the person is verified, and a secret derived for the salt where it can. */
export async function askPasskey(
  credential: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
): Promise<PasskeyAnswer> {
  const got = (await navigator.credentials.get({
    publicKey: {
      challenge: challenge(),
      allowCredentials: [{ type: "public-key", id: credential }],
      userVerification: "required",
      extensions: prf(salt),
    },
  })) as PublicKeyCredential | null;
  if (got === null) throw new DOMException("The passkey was not given.", "NotAllowedError");
  return { credential, secret: secretOf(got) };
}
