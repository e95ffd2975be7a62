/**
 * The nouns of the HTTP API under the names the screens use.
 *
 * The shapes are generated from `crates/api/openapi.json` (`make openapi`);
 * where the text says "string" and means a closed set, the set is said here.
 * What `docs/design/0003-ways-to-watch.md` adds is said here too, so that a
 * server which does not have it yet, and a text that has it, both fit.
 */
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

/** A stream of pictures. */
export type Role = "main" | "sub";
export type User = Omit<Schemas["SessionUser"], "role" | "second_factor" | "way"> & {
  role: "administrator" | "operator" | "auditor";
  /** `asked`: nothing is answered before a code; `required`: nothing before it is set up. */
  second_factor: "none" | "set" | "asked" | "required";
  /** By what they signed in. */
  way: "password" | "provider" | "passkey" | "sealed";
};
/** What this server serves beside the media socket. */
export interface Ways {
  /** WHEP. */
  whep: boolean;
  /** `khue-decode`: thumbnails and conversions. */
  worker: boolean;
}
export type Session = Omit<Schemas["Session"], "user" | "ways"> & { user: User; ways?: Ways };
export type Site = Schemas["SiteRow"];
export type CameraState = Omit<Schemas["StateRow"], "kind"> & {
  kind: "recording" | "connecting" | "faulty" | "disabled";
};
export type StreamRow = Omit<Schemas["StreamRow"], "role"> & { role: Role | "sound" };
export type May = Omit<Schemas["May"], "sound"> & { sound?: boolean };
export type CameraRow = Omit<Schemas["CameraRow"], "state" | "streams" | "may" | "sound"> & {
  state: CameraState;
  streams: StreamRow[];
  may: May;
  /** Whether sound is authorised for the camera. */
  sound?: boolean;
};
/** How a camera is reached. */
export type Transport = "auto" | "tcp" | "udp";
interface Reached {
  sound?: boolean;
  transport?: Transport;
}
export type Particulars = Schemas["ParticularsRow"];
export type ParticularsWrite = Schemas["ParticularsWrite"];
export type CameraDetail = CameraRow &
  Pick<Schemas["CameraDetail"], "clock_offset_us" | "particulars"> &
  Partial<Omit<Schemas["Configuration"], "sound" | "transport">> & { transport?: Transport };
export type CameraWrite = Omit<Schemas["CameraWrite"], "sound" | "transport"> & Reached;
export type CameraPatch = Omit<Schemas["CameraPatch"], "sound" | "transport"> & Reached;
/** A camera as the list of all of them tells it. */
export type ListedCamera = CameraRow & { overdue: boolean; particulars: Particulars };
export type CameraPage = Omit<Schemas["CameraPage"], "cameras"> & { cameras: ListedCamera[] };
/** Which cameras are looked for. */
export type CamerasAsked = Omit<NonNullable<operations["cameras"]["parameters"]["query"]>, "next" | "most">;
/** What came of a table of cameras. */
export type ImportAnswer = Schemas["ImportAnswer"];
export type ImportFault = Schemas["ImportFault"];
export type Organisation = Schemas["OrganisationDetail"];
export type OrganisationKind = Organisation["kind"];
export type OrganisationWrite = Schemas["OrganisationWrite"];
export type OrganisationPatch = Schemas["OrganisationPatch"];
/** A site with all that is known of it; `Site` is what the tree tells. */
export type SiteDetail = Schemas["SiteDetail"];
export type SiteWrite = Schemas["SiteWrite"];
export type SitePatch = Schemas["SitePatch"];
export type Tree = Omit<Schemas["Tree"], "cameras"> & { cameras: CameraRow[] };
export type ProbeAsked = Schemas["ProbeAsked"];
export type ProbeAnswer = Schemas["ProbeAnswer"];
export type SurveyAsked = Schemas["SurveyAsked"];
export type SurveyAnswer = Schemas["SurveyAnswer"];
export type SurveyedChannel = Schemas["ChannelRow"];
export type SurveyedFeature = Schemas["FeatureRow"];
export type FindAsked = Schemas["FindAsked"];
export type FoundDevice = Schemas["FoundDevice"];
export type TokenAction = "live" | "playback" | "sound";
export type TokenAsked = Omit<Schemas["TokenAsked"], "actions"> & { actions: TokenAction[] };
export type MediaToken = Schemas["TokenAnswer"];
export type Run = Schemas["RunRow"];
export type Timeline = Schemas["TimelineAnswer"];
export type ExportAsked = Schemas["ExportAsked"];
export type ExportAnswer = Schemas["ExportAnswer"];
export type Hold = Schemas["HoldRow"];
export type HoldWrite = Schemas["HoldWrite"];
export type PersonRole = User["role"];
export type PersonRow = Omit<Schemas["PersonRow"], "role"> & { role: PersonRole };
export type GrantRow = Schemas["GrantRow"];
export type GrantTerms = Schemas["GrantTerms"];
export type GrantAction = Schemas["Action"];
export type GrantPurpose = Schemas["Purpose"];
export type Scope = Schemas["ScopeForm"];
export type Subject = Schemas["SubjectForm"];
export type PermissionSet = Schemas["PermissionSetRow"];
export type PermissionSetWrite = Schemas["PermissionSetForm"];
export type Agreement = Omit<Schemas["AgreementRow"], "state"> & {
  state: "draft" | "not_yet" | "in_force" | "over" | "ended";
};
export type AgreementList = { agreements: Agreement[]; may_draft: boolean };
export type AgreementWrite = Schemas["AgreementForm"];
/** A wish to take footage out that waits for a second person. */
export type Approval = Omit<Schemas["ApprovalRow"], "state"> & {
  state: "waiting" | "approved" | "refused" | "over";
};
export type ApprovalAsked = Omit<Schemas["ApprovalAsked"], "sound"> & { sound?: boolean };
/** Cameras that somebody opened for themselves, for minutes. */
export type Emergency = Schemas["EmergencyRow"];
/** A version of the rules. */
export type Policy = Schemas["PolicyRow"];
export type PolicyList = Schemas["PolicyList"];
export type PolicyWrite = Schemas["PolicyForm"];
/** A written request for footage by another agency. */
export type DataRequest = Omit<Schemas["DataRequestRow"], "state"> & {
  state: "registered" | "approved" | "refused" | "handed_over" | "received";
};
export type DataRequestWrite = Schemas["DataRequestWrite"];
export type Group = Schemas["GroupRow"];
export type GroupWrite = Schemas["GroupWrite"];
export type Explanation = Schemas["Explanation"];
export type CameraRights = Schemas["CameraRights"];
export type PersonRights = Schemas["PersonRights"];
export type PersonWrite = Schemas["PersonWrite"];
export type PersonPatch = Schemas["PersonPatch"];
export type InvitedPerson = Omit<Schemas["InvitedPerson"], "person"> & { person: PersonRow };
/** How one may sign in here, beside by a password. */
export type SignInWays = Schemas["SignInWays"];
/** A passkey of one's own. */
export type Passkey = Schemas["PasskeyRow"];
export type PasskeyList = Schemas["PasskeyList"];
export type PasskeyAdded = Schemas["PasskeyAdded"];
export type PasskeyChallenge = Schemas["PasskeyChallenge"];
export type NewPasskeyChallenge = Schemas["NewPasskeyChallenge"];
/** What a person has beside the password. */
export type SecondFactor = Schemas["SecondFactorAnswer"];
/** An authenticator to be set up. */
export type NewTotp = Schemas["NewTotpAnswer"];
/** A browser that somebody is signed in with. */
export type Device = Schemas["DeviceRow"];
/** What a program asks by, without what it is. */
export type ApiToken = Schemas["ApiTokenRow"];
export type ApiTokenAsked = Schemas["ApiTokenAsked"];
/** Told once. */
export type ApiTokenAnswer = Schemas["ApiTokenAnswer"];
export type AuditAsked = NonNullable<operations["read_audit"]["parameters"]["query"]>;
export type AuditPage = Schemas["AuditPage"];
export type AuditRow = Schemas["AuditRow"];
export type Status = Schemas["StatusAnswer"];

/** A small picture of a moment. */
export interface Thumbnail {
  picture: Blob;
  /** The moment it is of: a keyframe at or before the one asked for. */
  wallUs: number;
}

/** A name and password for RTSP out of one camera, without the password. */
export interface StreamSecret {
  id: string;
  camera: string;
  label: string;
  case?: string | null;
  user: string;
  made_us?: number | null;
  expires_us?: number | null;
}
export interface SecretAsked {
  camera: string;
  label: string;
  days?: number;
  case?: string;
}
/** Told once. */
export interface SecretAnswer {
  id: string;
  user: string;
  password: string;
  urls: string[];
}
/** The envelopes for emergencies, and those that were opened. */
export type Envelopes = Schemas["Envelopes"];
export type OpenedEnvelope = Schemas["OpenedEnvelopeRow"];
/** Some grants, with how many there are in all. */
export type GrantPage = Omit<Schemas["GrantList"], "grants"> & { grants: GrantRow[] };
export type GrantsAsked = NonNullable<operations["grants"]["parameters"]["query"]>;
