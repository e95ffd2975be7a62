/** The browser's own part of passkeys: what a server says, in the form that a browser takes, and back. Knows no screen. */

export interface Challenge {
  challenge: string;
  rp_id: string;
  credentials: readonly string[];
}

export interface NewChallenge extends Challenge {
  user_handle: string;
  name: string;
  display_name: string;
  algorithms: readonly number[];
}

/** What an authenticator says of a key that was used, in base64url. */
export interface Used {
  credential: string;
  client_data: string;
  authenticator_data: string;
  signature: string;
  user_handle: string | null;
}

/** What it says of one just made. */
export interface Made {
  client_data: string;
  attestation: string;
}

/** Whether this browser has passkeys at all; at an address that is no name, or is not safe, none does. */
export const canUsePasskeys = () => typeof PublicKeyCredential === "function" && "credentials" in navigator;

/** Asks whoever sits there to use a passkey; null where they did not. */
export async function usePasskeyOf(challenge: Challenge): Promise<Used | null> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    challenge: bytes(challenge.challenge),
    rpId: challenge.rp_id,
    allowCredentials: challenge.credentials.map((id) => ({ type: "public-key", id: bytes(id) })),
    userVerification: "required",
    timeout: 300_000,
  };
  const used = await unlessDismissed(navigator.credentials.get({ publicKey }));
  if (!(used instanceof PublicKeyCredential) || !(used.response instanceof AuthenticatorAssertionResponse)) return null;
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return {
    credential: text(used.rawId),
    client_data: text(clientDataJSON),
    authenticator_data: text(authenticatorData),
    signature: text(signature),
    user_handle: userHandle && text(userHandle),
  };
}

/** Asks whoever sits there to make a passkey; null where they did not. */
export async function makePasskeyOf(challenge: NewChallenge): Promise<Made | null> {
  const publicKey: PublicKeyCredentialCreationOptions = {
    challenge: bytes(challenge.challenge),
    rp: { id: challenge.rp_id, name: "Khuê" },
    user: { id: bytes(challenge.user_handle), name: challenge.name, displayName: challenge.display_name },
    pubKeyCredParams: challenge.algorithms.map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: challenge.credentials.map((id) => ({ type: "public-key", id: bytes(id) })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "none",
    timeout: 300_000,
  };
  const made = await unlessDismissed(navigator.credentials.create({ publicKey }));
  if (!(made instanceof PublicKeyCredential) || !(made.response instanceof AuthenticatorAttestationResponse))
    return null;
  const { clientDataJSON, attestationObject } = made.response;
  return { client_data: text(clientDataJSON), attestation: text(attestationObject) };
}

/** A browser tells no page whether somebody turned away, waited too long or had no key. */
async function unlessDismissed(asked: Promise<Credential | null>): Promise<Credential | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof DOMException && ["NotAllowedError", "AbortError"].includes(error.name)) return null;
    throw error;
  }
}

/** Returns the bytes that base64url says. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** Says bytes in base64url. */
export function text(buffer: ArrayBuffer): string {
  let plain = "";
  for (const byte of new Uint8Array(buffer)) plain += String.fromCharCode(byte);
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
