/** What init signs when a nonce comes through: HMAC-SHA256(key, PROBE_CONTEXT || nonce). */
export const PROBE_CONTEXT = "corepool-probe-v1";
/** HKDF-SHA256 info for the probe key; input: the ECDH x-coordinate of lease key and provider key, salt: the lease id. */
export const PROBE_KEY_INFO = "corepool-probe-key-v1";
