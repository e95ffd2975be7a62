//! What a directory wants changed (RFC 7644, 3.5.2), as one step after the other of
//! an attribute and its value.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ScimError;

/// What is said of these is ours; an extension's attribute is another one, whatever it
/// is called.
const OURS: [&str; 2] = [super::user::SCHEMA, super::group::SCHEMA];

/// The most steps at once.
const MOST: usize = 1000;

/// A PATCH.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ScimPatch {
    #[serde(rename = "Operations")]
    operations: Vec<ScimOperation>,
}

/// One of its steps.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ScimOperation {
    /// `add`, `remove` or `replace`, in any case.
    op: String,
    path: Option<String>,
    #[serde(default)]
    value: Value,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
}

/// A step with one attribute.
#[derive(Debug, PartialEq)]
pub(super) struct Step {
    pub(super) op: Op,
    /// In lower case, without the schema before it.
    pub(super) attribute: String,
    /// The value that a member has to have, where one is picked: `members[value eq "…"]`.
    pub(super) picked: Option<String>,
    pub(super) value: Value,
}

impl ScimPatch {
    /// Returns the steps; one without a path becomes one for each attribute it names.
    pub(super) fn steps(self) -> Result<Vec<Step>, ScimError> {
        if self.operations.len() > MOST {
            return Err(ScimError::invalid("tooMany", "a PATCH has 1000 operations at most"));
        }
        let mut steps = Vec::new();
        for ScimOperation { op, path, value } in self.operations {
            let op = match op.to_ascii_lowercase().as_str() {
                "add" => Op::Add,
                "remove" => Op::Remove,
                "replace" => Op::Replace,
                other => {
                    let detail = format!("there is no operation {other:?}");
                    return Err(ScimError::invalid("invalidSyntax", detail));
                }
            };
            match (path, value) {
                (Some(path), value) => {
                    let (attribute, picked) = path_of(&path)?;
                    steps.push(Step { op, attribute, picked, value });
                }
                (None, Value::Object(values)) if op != Op::Remove => {
                    for (path, value) in values {
                        let (attribute, picked) = path_of(&path)?;
                        steps.push(Step { op, attribute, picked, value });
                    }
                }
                (None, _) => {
                    return Err(ScimError::invalid("noTarget", "the operation names no attribute"));
                }
            }
        }
        Ok(steps)
    }
}

/// Returns the attribute that a path names, with the schema before it where that is not
/// one of ours, and the value that a member has to have.
fn path_of(path: &str) -> Result<(String, Option<String>), ScimError> {
    let bad = || ScimError::invalid("invalidPath", format!("the path {path:?} is not known"));
    // The schema may stand before it; an attribute has no colon.
    let open = path.find('[').unwrap_or(path.len());
    let bare = match path[..open].rsplit_once(':') {
        Some((schema, name)) if OURS.iter().any(|ours| schema.eq_ignore_ascii_case(ours)) => name,
        _ => &path[..open],
    };
    let attribute = bare.trim().to_ascii_lowercase();
    // Only members are picked here; how others are, is theirs to know.
    let inner = path.get(open + 1..).filter(|_| attribute == "members");
    let Some(inner) = inner else { return Ok((attribute, None)) };
    let inner = inner.trim_end().strip_suffix(']').ok_or_else(bad)?;
    let mut words = inner.splitn(3, ' ');
    let (name, operator, value) = (words.next(), words.next(), words.next());
    let is_value = name.is_some_and(|name| name.eq_ignore_ascii_case("value"))
        && operator.is_some_and(|operator| operator.eq_ignore_ascii_case("eq"));
    let value = value.and_then(|value| serde_json::from_str(value.trim()).ok());
    match (is_value, value) {
        (true, Some(value)) => Ok((attribute, Some(value))),
        _ => Err(bad()),
    }
}

/// Returns a truth, as directories write it.
pub(super) fn flag(value: &Value) -> Result<bool, ScimError> {
    let read = match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    read.ok_or_else(|| {
        ScimError::invalid("invalidValue", format!("{value} is neither true nor false"))
    })
}

/// Returns the ids of a list of references, or of one.
pub(super) fn references(value: &Value) -> Result<Vec<String>, ScimError> {
    let one = |value: &Value| {
        let id = value.get("value").unwrap_or(value).as_str().map(str::to_owned);
        id.ok_or_else(|| ScimError::invalid("invalidValue", format!("{value} refers to nobody")))
    };
    match value {
        Value::Array(all) => all.iter().map(one).collect(),
        Value::Null => Ok(Vec::new()),
        value => Ok(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(operations: Value) -> Result<Vec<Step>, String> {
        let patch: ScimPatch =
            serde_json::from_value(json!({"schemas": [], "Operations": operations})).unwrap();
        patch.steps().map_err(|error| error.kind.unwrap_or_default().to_owned())
    }

    #[test]
    fn what_directories_send_is_read_whatever_their_case_and_form() {
        let read = steps(json!([
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "replace", "value": {"active": false, "displayName": "Hồng"}},
            {"op": "remove", "path": "members[value eq \"7\"]"},
            {"op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:members",
                "value": [{"value": "8"}]},
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "h@hanoi.vn"},
            {"op": "Remove",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:active"},
        ]));
        let step = |op, attribute: &str, picked: Option<&str>, value| Step {
            op,
            attribute: attribute.to_owned(),
            picked: picked.map(str::to_owned),
            value,
        };
        let expected = vec![
            step(Op::Replace, "active", None, json!("False")),
            step(Op::Replace, "active", None, json!(false)),
            step(Op::Replace, "displayname", None, json!("Hồng")),
            step(Op::Remove, "members", Some("7"), Value::Null),
            step(Op::Add, "members", None, json!([{"value": "8"}])),
            step(Op::Replace, "emails", None, json!("h@hanoi.vn")),
            step(
                Op::Remove,
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:active",
                None,
                Value::Null,
            ),
        ];
        assert_eq!(read.unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_the_standards_word() {
        for (operations, expected) in [
            (json!([{"op": "move", "path": "active"}]), "invalidSyntax"),
            (json!([{"op": "remove"}]), "noTarget"),
            (json!([{"op": "add", "value": 1}]), "noTarget"),
            (json!([{"op": "remove", "path": "members[display eq \"x\"]"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "members[value eq 7"}]), "invalidPath"),
            (json!([{"op": "remove", "path": "members[value eq \"7\"].display"}]), "invalidPath"),
        ] {
            assert_eq!(steps(operations.clone()).unwrap_err(), expected, "{operations}");
        }
    }

    #[test]
    fn a_truth_and_references_are_read_in_the_forms_that_are_sent() {
        assert!(flag(&json!("True")).unwrap() && !flag(&json!(false)).unwrap());
        assert!(flag(&json!(1)).is_err() && flag(&json!("no")).is_err());
        assert_eq!(references(&json!([{"value": "7"}, "8"])).unwrap(), ["7", "8"]);
        assert_eq!(references(&json!({"value": "7"})).unwrap(), ["7"]);
        assert!(references(&Value::Null).unwrap().is_empty());
        assert!(references(&json!([7])).is_err());
    }
}
