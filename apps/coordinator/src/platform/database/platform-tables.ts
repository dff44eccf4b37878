import type { Address, BlobHash } from "@corepool/core/hex";
import type { ColumnType, Generated } from "kysely";

/** A column the database fills in and nobody changes. */
type Filled<T> = ColumnType<T, T | undefined, never>;

/** Tables of the process frame, accounts and blobs (migrations 0001 to 0019). Times are `timestamptz`. */
export interface PlatformTables {
  accounts: {
    address: Address;
    created_at: ColumnType<Date, Date, never>;
  };
  sign_in_nonces: {
    /** SHA-256 of the nonce. */
    nonce_hash: Uint8Array;
    address: Address;
    issued_at: Date;
    expires_at: Date;
  };
  sessions: {
    /** SHA-256 of the bearer token. */
    token_hash: Uint8Array;
    account: Address;
    /** `wallet`: a person signed in; `agent`: a connected machine. */
    kind: "wallet" | "agent";
    machine: string | null;
    created_at: Date;
    expires_at: Date;
  };
  api_keys: {
    id: string;
    account: Address;
    name: string;
    /** SHA-256 of the whole key. */
    key_hash: Uint8Array;
    scopes: string[];
    /** Base units; null: no cap. */
    spend_cap: bigint | null;
    spent: bigint;
    created_at: Date;
    expires_at: Date | null;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
  idempotency: {
    scope: string;
    /** SHA-256 of the Idempotency-Key. */
    key_hash: Uint8Array;
    fingerprint: Uint8Array;
    /** Which run of the request holds the row; what an older run still writes is refused. */
    owner: string;
    locked_until: Date;
    status: number | null;
    /** The answer, encrypted under the caller's own key and credential. */
    answer: Uint8Array | null;
    expires_at: Date;
  };
  events: {
    /** Transaction that wrote the row: readers order by (xid, seq), so that a late commit is never skipped. */
    xid: Filled<string>;
    seq: Generated<bigint>;
    topic: string;
    type: string;
    /** JSON text. */
    body: unknown;
    at: Date;
  };
  blob_refs: {
    account: Address;
    hash: BlobHash;
    size_bytes: bigint;
    created_at: Date;
    /** Null: for good. */
    expires_at: Date | null;
  };
  /** What an agent handed over and has not reported yet. */
  blob_deliveries: {
    machine: string;
    hash: BlobHash;
    /** Of the machine's provider. */
    account: Address;
    delivered_at: Date;
  };
  blob_uploads: {
    /** Whose upload: the account, or a machine of it. */
    owner: string;
    hash: BlobHash;
    /** Tells the upload from others that its owner began of the same blob; made by the database. */
    generation: Generated<string>;
    /** Whose quota it counts against. */
    account: Address;
    /** Bytes reserved: of the whole blob. */
    size_bytes: bigint;
    touched_at: Date;
  };
}
