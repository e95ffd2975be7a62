/** What a person does with how they get in: the second factor, the devices, confirming that it is them. */
import { done, http, remember } from "./client";
import type { Device, NewTotp, SecondFactor, Session, SignInWays } from "./types";

export const proveSecondFactor = async (code: string) =>
  remember(await done<Session>(http.POST("/api/v1/session/second-factor", { body: { code } })));

export const secondFactor = (signal?: AbortSignal) =>
  done<SecondFactor>(http.GET("/api/v1/session/second-factor", { signal }));

export const beginTotp = () => done<NewTotp>(http.POST("/api/v1/session/second-factor/totp"));

export const finishTotp = async (code: string) =>
  (await done<{ recovery_codes: string[] }>(http.PUT("/api/v1/session/second-factor/totp", { body: { code } })))
    .recovery_codes;

export const newRecoveryCodes = async () =>
  (await done<{ recovery_codes: string[] }>(http.POST("/api/v1/session/second-factor/recovery-codes"))).recovery_codes;

export const removeSecondFactor = () => done<void>(http.DELETE("/api/v1/session/second-factor"));

export const removeSecondFactorOf = (id: string) =>
  done<void>(http.DELETE("/api/v1/people/{id}/second-factor", { params: { path: { id } } }));

export const signInWays = (signal?: AbortSignal) => done<SignInWays>(http.GET("/api/v1/session/ways", { signal }));

/** Returns where to go on: the other installation that says who one is. */
export const beginSingleSignOn = async () => (await done<{ url: string }>(http.POST("/api/v1/session/oidc"))).url;

/** The same, to confirm that it is still oneself. */
export const beginConfirmElsewhere = async () =>
  (await done<{ url: string }>(http.POST("/api/v1/session/confirm/oidc"))).url;

export const removeSingleSignOnOf = (id: string) =>
  done<void>(http.DELETE("/api/v1/people/{id}/single-sign-on", { params: { path: { id } } }));

export const confirmByPassword = (password: string) =>
  done<void>(http.POST("/api/v1/session/confirm", { body: { password } }));

export const confirmByCode = (code: string) => done<void>(http.POST("/api/v1/session/confirm", { body: { code } }));

export const devices = async (signal?: AbortSignal) =>
  (await done<{ devices: Device[] }>(http.GET("/api/v1/devices", { signal }))).devices;

export const devicesOf = async (id: string, signal?: AbortSignal) =>
  (await done<{ devices: Device[] }>(http.GET("/api/v1/people/{id}/devices", { params: { path: { id } }, signal })))
    .devices;

export const endDevice = (id: string) => done<void>(http.DELETE("/api/v1/devices/{id}", { params: { path: { id } } }));

export const endOtherDevices = () => done<void>(http.DELETE("/api/v1/devices"));
