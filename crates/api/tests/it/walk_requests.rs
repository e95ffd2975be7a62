//! What is sent to ask for each operation of the API: whole and valid, so that only
//! a right can be what refuses it. What it needs and how it must turn out is told
//! in the walk itself.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Action, City, Needs, Operation, Which, Who};

impl City {
    /// Returns the path and body of an operation for a camera; ids of all else are
    /// of what never was, so that nothing is changed by asking.
    pub(super) async fn request(
        &self,
        who: Who,
        operation: &Operation,
        which: Which,
    ) -> (String, Value) {
        let (world, camera) = (&self.world, self.cameras[&which]);
        let of_camera = matches!(operation.needs, Needs::Camera(_) | Needs::Token(_));
        let id = if of_camera { camera.0 } else { Uuid::now_v7() };
        let path = operation.path.replace("{id}", &id.to_string()).replace("{name}", "x.mp4");
        let (from, to) = (world.now().0 - 60_000_000, world.now().0);
        let (query, body) = match (operation.method.as_str(), operation.path.as_str()) {
            ("get", "/api/v1/cameras/{id}/thumbnail") => {
                (format!("?role=main&at_us={from}"), Value::Null)
            }
            ("get", "/api/v1/cameras/{id}/timeline") => {
                (format!("?role=main&from_us={from}&to_us={to}"), Value::Null)
            }
            ("get", "/api/v1/timelines") => {
                let query = format!("?cameras={camera}&role=main&from_us={from}&to_us={to}");
                (query, Value::Null)
            }
            ("get", "/api/v1/explanations") => (
                format!(
                    "?person={}&camera={}&action=live",
                    world.operator,
                    self.cameras[&Which::Given]
                ),
                Value::Null,
            ),
            ("post", "/api/v1/session/passkeys") => {
                (String::new(), json!({"name": "điện thoại", "client_data": "", "attestation": ""}))
            }
            ("patch", "/api/v1/session/passkeys/{id}") => (String::new(), json!({"name": "x"})),
            ("patch", _) => (String::new(), json!({})),
            ("post", "/api/v1/media-tokens") => {
                (String::new(), json!({"camera": camera, "actions": ["live"]}))
            }
            ("post", "/api/v1/hls") => {
                let whose = [who, Who::Usual, Who::Defence];
                let token = self.token(&whose, which, Action::Live).await.unwrap_or_default();
                (String::new(), json!({"token": token, "role": "main"}))
            }
            ("post", "/api/v1/exports") => (
                String::new(),
                json!({"camera": camera, "role": "main", "from_us": from, "to_us": to, "purpose": "vụ 12", "case": "12/2026"}),
            ),
            ("post", "/api/v1/holds") => (
                String::new(),
                json!({"camera": camera, "from_us": from, "to_us": to, "reason": "vụ 12"}),
            ),
            ("post", "/api/v1/stream-secrets") => {
                (String::new(), json!({"camera": camera, "label": "màn hình", "days": 1}))
            }
            ("post", "/api/v1/cameras") => (
                String::new(),
                json!({"name": "Mới", "site": world.site, "url": "rtsp://127.0.0.1:9/x", "recording": false}),
            ),
            ("post", "/api/v1/cameras/probe") => {
                (String::new(), json!({"url": "rtsp://127.0.0.1:9/x"}))
            }
            ("post", "/api/v1/cameras/survey") => {
                (String::new(), json!({"url": "http://127.0.0.1:9/x"}))
            }
            ("post", "/api/v1/cameras/find") => {
                (String::new(), json!({"addresses": ["127.0.0.1:9"]}))
            }
            ("post", "/scim/v2/Users") => {
                (String::new(), json!({"userName": format!("u{}", Uuid::now_v7().simple())}))
            }
            ("post", "/scim/v2/Groups") => {
                (String::new(), json!({"displayName": Uuid::now_v7().to_string()}))
            }
            ("post", "/api/v1/people") => (
                String::new(),
                json!({"name": format!("u{}", Uuid::now_v7().simple()), "display_name": "U", "role": "operator"}),
            ),
            ("post", "/api/v1/organisations") => (String::new(), json!({"name": "Phường mới"})),
            ("post", "/api/v1/sites") => {
                (String::new(), json!({"name": "Ngã tư mới", "organisation": Uuid::now_v7()}))
            }
            ("post", "/api/v1/groups") => {
                (String::new(), json!({"name": Uuid::now_v7().to_string(), "members": []}))
            }
            ("post", "/api/v1/grants") => (
                String::new(),
                json!({
                    "subject": {"kind": "person", "id": world.auditor},
                    "scope": {"kind": "cameras", "id": [self.cameras[&Which::Given]]},
                    "actions": ["plan"],
                    "basis": "kiểm thử",
                }),
            ),
            ("post", "/api/v1/approvals") => (
                String::new(),
                json!({"camera": camera, "from_us": from, "to_us": to, "purpose": "vụ 12", "case": "12/2026"}),
            ),
            ("post", "/api/v1/emergencies") => {
                (String::new(), json!({"cameras": [camera], "reason": "cháy"}))
            }
            ("post", "/api/v1/data-requests") => (
                String::new(),
                json!({
                    "letter": {
                        "number": "12/CV", "dated_us": from, "agency": "Viện kiểm sát",
                        "legal_basis": "Điều 88 BLTTHS", "purpose": "vụ 12", "cameras": [camera],
                        "from_us": from, "to_us": to,
                    },
                    "due_us": to + 60_000_000,
                }),
            ),
            ("post", "/api/v1/data-requests/{id}/decision" | "/api/v1/approvals/{id}/answer") => {
                (String::new(), json!({"approved": true}))
            }
            ("post", "/api/v1/data-requests/{id}/receipt") => {
                (String::new(), json!({"received_by": "ông An"}))
            }
            ("post", "/api/v1/break-glass/{id}/review") => (String::new(), json!({"note": "đúng"})),
            ("post", "/api/v1/emergencies/{id}/review") => {
                (String::new(), json!({"justified": true, "note": "đúng"}))
            }
            ("post", "/api/v1/agreements/{id}/end") => (String::new(), json!({"reason": "x"})),
            ("post", "/api/v1/agreements") => (
                String::new(),
                json!({
                    "number": Uuid::now_v7().to_string(), "document": "CV 1", "purpose": "phối hợp",
                    "owner": Uuid::now_v7(), "recipient": Uuid::now_v7(),
                    "scope": {"kind": "all"}, "actions": ["live"], "until_us": to + 60_000_000,
                }),
            ),
            ("put", "/api/v1/permission-sets/{id}") | ("post", "/api/v1/permission-sets") => {
                (String::new(), json!({"name": Uuid::now_v7().to_string(), "actions": ["live"]}))
            }
            ("post", "/api/v1/policies") => (
                String::new(),
                json!({
                    "from_us": 0, "basis": "QĐ 1", "case_after_hours": 24, "case_for_export": true,
                    "case_for_sound": true, "approve_ordinary": false, "approve_defence": true,
                    "approve_longer_minutes": 60, "approval_hours": 24, "emergency_minutes": 30,
                    "review_hours": 24,
                }),
            ),
            ("post", "/api/v1/api-tokens") => {
                (String::new(), json!({"name": "bản đồ", "scopes": ["status:read"], "days": 1}))
            }
            ("put", "/api/v1/hls/{id}/token") => (String::new(), json!({"token": "x"})),
            ("put" | "post", _) => (String::new(), json!({})),
            _ => (String::new(), Value::Null),
        };
        (format!("{path}{query}"), body)
    }
}
