//! Which cameras fit what somebody looks for, of those that they may know of.
//!
//! ```text
//! in order of number ──▶ visible to them ──▶ filters ──▶ every word of the needle
//!                        (a bit of a set)                in what is kept folded:
//!                                                        number, name, make, site,
//!                                                        address, ward, organisations
//! ```
//!
//! What is folded belongs to the rows of one commit; the next one folds anew only
//! what is another in it. A search goes through the whole city once, side by side in
//! memory: no tree is asked for each camera, none is touched that is not on the page,
//! and no count of references is moved. That is what a hundred searches a second rest
//! on.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use base::{CameraId, Day, Needle, OrganisationId, SiteId, UserId, WallTime, fold};

use crate::cameras::Index;
use crate::{Camera, Catalog, Class, LifeCycle, Organisation, Position, Purpose, Site, Tables};

/// What is looked for; what is not said fits all.
#[derive(Clone, Debug, Default)]
pub struct CameraFilter {
    /// Words that occur in what is said of it.
    pub needle: Needle,
    /// Its owner, its site's, or of whom one of these is a unit.
    pub organisation: Option<OrganisationId>,
    /// The site that it is on.
    pub site: Option<SiteId>,
    /// The code of the ward that its site lies in.
    pub ward: Option<String>,
    /// Where its site is to lie; one of which no position is known lies nowhere.
    pub area: Option<Area>,
    /// Its class.
    pub class: Option<Class>,
    /// One of its purposes.
    pub purpose: Option<Purpose>,
    /// Where it is in its life.
    pub life_cycle: Option<LifeCycle>,
    /// Whether it is still to be said what it is for.
    pub inherited: Option<bool>,
    /// Whether the day is over by which that was to be said.
    pub overdue: Option<bool>,
}

/// What a map shows: from one corner to the other, both within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// The corner in the south-west.
    pub from: Position,
    /// The corner in the north-east.
    pub to: Position,
}

/// What cameras are found by, folded, as of one commit.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// In order of number.
    cameras: Vec<Entry>,
    /// What is said of each, one behind the other.
    texts: String,
}

/// A camera, with what of it is asked for most.
#[derive(Debug)]
struct Entry {
    camera: Arc<Camera>,
    at: Index,
    number: u32,
    position: Option<Position>,
    /// What is said of it before it was folded, as a hash.
    said: u64,
    /// From where to where its text is.
    text: Range<usize>,
}

/// Cameras that were found, in order of number.
#[derive(Debug, Default)]
pub struct Found {
    folded: Arc<Folded>,
    /// Their places there.
    places: Vec<usize>,
}

impl Found {
    /// Returns how many there are.
    pub fn total(&self) -> usize {
        self.places.len()
    }

    /// Returns those from a number on.
    pub fn from(&self, number: u32) -> impl Iterator<Item = &Arc<Camera>> {
        let of = |&place: &usize| &self.folded.cameras[place];
        let begin = self.places.partition_point(|place| of(place).number < number);
        self.places[begin..].iter().map(move |place| &of(place).camera)
    }
}

impl Catalog {
    /// Returns the cameras that fit, of those that a person may know of now, in order
    /// of number.
    pub fn find_cameras(&self, user: UserId, filter: &CameraFilter, now: WallTime) -> Found {
        // All of one commit: positions mean something in their own alone.
        let Some((tables, rights, folded)) = self.finding(user) else { return Found::default() };
        let (seen, today) = (rights.seen(now), Day::of(now));
        let units = filter.organisation.map(|of| tables.units_of(of));
        let fits = |one: &Entry| {
            seen.contains(one.at)
                && filter.area.is_none_or(|area| one.position.is_some_and(|at| area.contains(at)))
                && filter.needle.matches(&folded.texts[one.text.clone()])
                && filter.fits(&one.camera, &tables, units.as_ref(), today)
        };
        let places = (0..).zip(&folded.cameras).filter(|(_, one)| fits(one));
        let places = places.map(|(place, _)| place).collect();
        Found { folded, places }
    }
}

impl CameraFilter {
    /// Whether anything is asked of a camera but where it is and what is said of it.
    fn asks_more(&self) -> bool {
        let Self { needle: _, area: _, organisation, site, ward, .. } = self;
        let of_site = organisation.is_some() || site.is_some() || ward.is_some();
        let of_life = self.life_cycle.is_some() || self.class.is_some() || self.purpose.is_some();
        of_site || of_life || self.inherited.is_some() || self.overdue.is_some()
    }

    fn fits(
        &self,
        camera: &Camera,
        tables: &Tables,
        units: Option<&HashSet<OrganisationId>>,
        today: Day,
    ) -> bool {
        if !self.asks_more() {
            return true;
        }
        let particulars = &camera.particulars;
        let of_camera = self.life_cycle.is_none_or(|cycle| particulars.life_cycle == cycle)
            && self.site.is_none_or(|site| camera.site == site)
            && self.class.is_none_or(|class| camera.class == class)
            && self.inherited.is_none_or(|is| camera.inherited_until.is_some() == is)
            && self.overdue.is_none_or(|is| camera.is_overdue(today) == is)
            && self.purpose.is_none_or(|purpose| particulars.purposes.contains(&purpose));
        let of_site = |site: &Site| {
            let is_of = |units: &HashSet<OrganisationId>| {
                units.contains(&site.organisation) || units.contains(&particulars.owner_at(site))
            };
            self.ward.as_deref().is_none_or(|ward| site.ward.as_deref() == Some(ward))
                && units.is_none_or(is_of)
        };
        let asks_site = self.ward.is_some() || units.is_some();
        of_camera && (!asks_site || tables.sites.get(&camera.site).is_some_and(of_site))
    }
}

impl Area {
    fn contains(self, position: Position) -> bool {
        let Self { from, to } = self;
        (from.lat_udeg..=to.lat_udeg).contains(&position.lat_udeg)
            && (from.lon_udeg..=to.lon_udeg).contains(&position.lon_udeg)
    }
}

impl Tables {
    /// Returns an organisation with all its units.
    fn units_of(&self, organisation: OrganisationId) -> HashSet<OrganisationId> {
        let all = self.organisations.keys();
        all.filter(|unit| self.is_within(**unit, organisation)).copied().collect()
    }
}

impl Folded {
    /// Folds what cameras are found by; what was said of one before as well is taken
    /// from there.
    pub(crate) fn new(tables: &Tables, before: Option<&Self>) -> Self {
        let none = Self::default();
        let before = before.unwrap_or(&none);
        // By id, for who looks for the camera of before.
        let mut by_id: Vec<&Entry> = before.cameras.iter().collect();
        by_id.sort_by_key(|one| one.camera.id);
        let kept = |id: CameraId, said: u64| {
            let at = by_id.binary_search_by_key(&id, |one| one.camera.id).ok()?;
            let text = by_id[at].text.clone();
            (by_id[at].said == said).then(|| &before.texts[text])
        };
        let codes = tables.organisations.values();
        let codes = codes.filter_map(|body| Some((body.code.as_deref()?, body))).collect();
        let mut folded = Self::default();
        for (at, camera) in (0..).zip(tables.cameras.values()) {
            let begin = folded.texts.len();
            let told = told(camera, tables, &codes);
            let said = hash(&told);
            match kept(camera.id, said) {
                Some(text) => folded.texts.push_str(text),
                None => folded.texts.push_str(&fold(&told)),
            }
            folded.cameras.push(Entry {
                camera: camera.clone(),
                at,
                said,
                number: camera.number,
                position: tables.sites.get(&camera.site).and_then(|site| site.position),
                text: begin..folded.texts.len(),
            });
        }
        folded.cameras.sort_by_key(|one| one.number);
        folded
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Returns all that a camera is found by.
fn told(camera: &Camera, tables: &Tables, codes: &HashMap<&str, &Organisation>) -> String {
    let mut text = format!("{} {}", camera.number, camera.name);
    let mut say = |words: &str| {
        text.push(' ');
        text.push_str(words);
    };
    camera.make.iter().for_each(|make| say(make));
    let mut bodies: Vec<&Organisation> = Vec::new();
    if let Some(Site { name, address, ward, organisation, .. }) = tables.sites.get(&camera.site) {
        say(name);
        address.iter().for_each(|address| say(address));
        bodies.extend(tables.organisations.get(organisation));
        bodies.extend(ward.as_deref().and_then(|ward| codes.get(ward).copied()));
    }
    let named = camera.particulars.organisations();
    bodies.extend(named.filter_map(|body| tables.organisations.get(&body)));
    for body in bodies {
        say(&body.name);
        body.name_en.iter().chain(&body.former_names).for_each(|name| say(name));
    }
    text
}
