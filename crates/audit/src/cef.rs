//! An entry in ArcSight's Common Event Format, version 0, as log collectors take it.

use crate::Outcome;
use crate::chain::Line;

/// Writes an entry as it is told by this version of the program.
pub fn cef(line: &Line, version: &str) -> String {
    let entry = &line.entry;
    let act = entry.act.as_str();
    let (severity, outcome, reason) = match &entry.outcome {
        Outcome::Done => (3, "success", None),
        Outcome::Refused(why) => (6, "failure", Some(why.as_str())),
    };
    let mut fields = vec![("externalId", line.link.n.to_string())];
    fields.push(("rt", (entry.at.0 / 1000).to_string()));
    fields.push(("outcome", outcome.to_owned()));
    fields.extend(reason.map(|why| ("reason", why.to_owned())));
    if let Some(who) = &entry.who {
        fields.push(("suid", who.user.to_string()));
        fields.push(("suser", who.name.clone()));
    }
    fields.extend(entry.from.map(|from| ("src", from.to_string())));
    if let Some(object) = &entry.object {
        fields.push(("cs1Label", object.kind.clone()));
        fields.push(("cs1", object.name.clone()));
        fields.push(("duid", object.id.to_string()));
    }
    if !entry.details.is_empty() {
        // Texts by name: nothing in it that JSON has no form for.
        let details = serde_json::to_string(&entry.details).unwrap_or_default();
        fields.push(("cs2Label", "details".to_owned()));
        fields.push(("cs2", details));
    }
    fields.extend(entry.purpose.clone().map(|purpose| ("msg", purpose)));
    let fields: Vec<_> =
        fields.into_iter().map(|(name, value)| format!("{name}={}", escaped(&value))).collect();
    format!("CEF:0|Khuê|khue|{version}|{act}|{act}|{severity}|{}", fields.join(" "))
}

/// In an extension, backslash, equals and line ends are escaped (CEF, "Character Encoding").
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use base::WallTime;

    use super::*;
    use crate::chain::Link;
    use crate::{Act, Entry};

    #[test]
    fn an_entry_has_the_form_that_collectors_take() {
        let refused = Outcome::Refused("forbidden".to_owned());
        let mut entry = Entry::new(WallTime(1_795_887_900_000_000), Act::Playback, refused);
        entry.from = Some("10.0.0.7".parse().unwrap());
        entry.purpose = Some("a=b\\c\nd".to_owned());
        entry.details.insert("case".to_owned(), "12".to_owned());
        let mut bytes = Vec::new();
        Link::START.write(entry, &mut bytes);
        let line = Line::read(bytes.trim_ascii_end()).unwrap();
        let expected = "CEF:0|Khuê|khue|1.2|playback|playback|6|externalId=1 rt=1795887900000 outcome=failure \
             reason=forbidden src=10.0.0.7 cs2Label=details cs2={\"case\":\"12\"} msg=a\\=b\\\\c\\nd";
        assert_eq!(cef(&line, "1.2"), expected);
    }
}
