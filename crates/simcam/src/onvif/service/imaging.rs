//! How the picture looks. What is set is remembered, and changes nothing that is seen.

use super::super::namespace as ns;
use super::super::profile;
use super::super::soap::Fault;
use super::super::xml::{Element, element, leaf};
use super::Ask;

/// Numbers that may be set, in the order in which they are written, and their order
/// among the rest: the filter stands before the last.
const LEVELS: [&str; 4] = ["Brightness", "ColorSaturation", "Contrast", "Sharpness"];
/// What the filter against infrared light may do.
const FILTERS: [&str; 3] = ["ON", "OFF", "AUTO"];
/// What is done against a bright background.
const RANGES: [&str; 2] = ["OFF", "ON"];
/// From where to where a level goes.
const MOST: f32 = 100.0;

/// The settings of one channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Imaging {
    levels: [f32; 4],
    filter: &'static str,
    wide_range: &'static str,
    wide_range_level: f32,
}

impl Default for Imaging {
    fn default() -> Self {
        Self { levels: [50.0; 4], filter: "AUTO", wide_range: "OFF", wide_range_level: 50.0 }
    }
}

/// Answers an operation of the service.
pub(super) fn answer(ask: &mut Ask<'_>) -> Result<String, Fault> {
    let inside = match ask.call.operation.name.as_str() {
        "GetImagingSettings" => settings(this(ask)?),
        "GetOptions" => {
            this(ask)?;
            options()
        }
        "SetImagingSettings" => {
            let told = ask.call.operation.child(ns::IMAGING, "ImagingSettings");
            let told = told.ok_or_else(|| Fault::missing("ImagingSettings"))?;
            let this = this(ask)?;
            *this = changed(this, told)?;
            String::new()
        }
        _ => return Err(ask.unknown()),
    };
    Ok(ask.response(&inside))
}

/// Returns the settings of the video source that the request names.
fn this<'s>(ask: &'s mut Ask<'_>) -> Result<&'s mut Imaging, Fault> {
    let token = ask.needed("VideoSourceToken")?;
    let at = (0..ask.config.channels.len()).find(|at| profile::source(*at) == token);
    at.and_then(|at| ask.state.imaging.get_mut(at)).ok_or_else(|| {
        Fault::sender(&["ter:InvalidArgVal", "ter:NoSource"], "there is no such video source")
    })
}

/// Returns settings with what a request changes in them: all of it or nothing.
fn changed(before: &Imaging, told: &Element) -> Result<Imaging, Fault> {
    let bad = || Fault::sender(&["ter:InvalidArgVal", "ter:SettingsInvalid"], "no such setting");
    let level = |text: &str| {
        let level = text.parse::<f32>().ok().filter(|level| (0.0..=MOST).contains(level));
        level.ok_or_else(bad)
    };
    let word = |words: &[&'static str], text: &str| {
        words.iter().find(|word| **word == text).copied().ok_or_else(bad)
    };
    let mut after = before.clone();
    for (at, name) in LEVELS.iter().enumerate() {
        if let Some(text) = told.text_of(ns::SCHEMA, name) {
            after.levels[at] = level(text)?;
        }
    }
    if let Some(text) = told.text_of(ns::SCHEMA, "IrCutFilter") {
        after.filter = word(&FILTERS, text)?;
    }
    if let Some(range) = told.child(ns::SCHEMA, "WideDynamicRange") {
        after.wide_range = word(&RANGES, range.text_of(ns::SCHEMA, "Mode").unwrap_or_default())?;
        if let Some(text) = range.text_of(ns::SCHEMA, "Level") {
            after.wide_range_level = level(text)?;
        }
    }
    Ok(after)
}

fn settings(of: &Imaging) -> String {
    let level = |at: usize| leaf(&format!("tt:{}", LEVELS[at]), of.levels[at]);
    let range = leaf("tt:Mode", of.wide_range) + &leaf("tt:Level", of.wide_range_level);
    let inside = level(0)
        + &level(1)
        + &level(2)
        + &leaf("tt:IrCutFilter", of.filter)
        + &level(3)
        + &element("tt:WideDynamicRange", &range);
    element("timg:ImagingSettings", &inside)
}

fn options() -> String {
    let range = |name: &str| element(name, &(leaf("tt:Min", 0) + &leaf("tt:Max", MOST)));
    let words =
        |name: &str, words: &[&str]| words.iter().map(|word| leaf(name, word)).collect::<String>();
    let wide = words("tt:Mode", &RANGES) + &range("tt:Level");
    let inside = range("tt:Brightness")
        + &range("tt:ColorSaturation")
        + &range("tt:Contrast")
        + &words("tt:IrCutFilterModes", &FILTERS)
        + &range("tt:Sharpness")
        + &element("tt:WideDynamicRange", &wide);
    element("timg:ImagingOptions", &inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onvif::xml;

    fn told(inside: &str) -> Result<Imaging, Fault> {
        let text = format!("<a xmlns='{}'>{inside}</a>", ns::SCHEMA);
        changed(&Imaging::default(), &xml::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn only_what_is_named_changes() {
        let after = told("<Contrast>12.5</Contrast><IrCutFilter>ON</IrCutFilter>").unwrap();
        assert_eq!(after.levels, [50.0, 50.0, 12.5, 50.0]);
        assert_eq!((after.filter, after.wide_range), ("ON", "OFF"));
        let range = "<WideDynamicRange><Mode>ON</Mode><Level>7</Level></WideDynamicRange>";
        let after = told(range).unwrap();
        assert_eq!((after.wide_range, after.wide_range_level), ("ON", 7.0));
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for text in [
            "<Brightness>101</Brightness>",
            "<Brightness>NaN</Brightness>",
            "<Sharpness/>",
            "<IrCutFilter>MAYBE</IrCutFilter>",
            "<WideDynamicRange/>",
        ] {
            assert_eq!(told(text).unwrap_err().status, 400, "{text}");
        }
    }
}
