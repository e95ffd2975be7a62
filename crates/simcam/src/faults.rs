//! Which camera does what wrong: the switches of [`Fault`]s.

use std::sync::{Arc, Mutex};

use crate::camera::{Media, lock};
use crate::fault::{Fault, FaultError};
use crate::packet::Reel;

/// The switches of all cameras of a server.
#[derive(Clone, Debug)]
pub(crate) struct Faults(Arc<[Switch]>);

/// The switch of one camera.
#[derive(Debug)]
pub(crate) struct Switch {
    pub(crate) name: String,
    /// Its main stream and its sub-stream.
    pub(crate) media: [Arc<Media>; 2],
    /// What its main stream shows, and what it may change to.
    pub(crate) main: Arc<Reel>,
    /// The first of its other clips that is coded as the main one is.
    pub(crate) same: Option<Arc<Reel>>,
    /// The first of them that is coded otherwise.
    pub(crate) unlike: Option<Arc<Reel>>,
    /// What is switched on; held while it is switched.
    pub(crate) on: Mutex<Fault>,
}

impl Faults {
    /// Returns the switches of cameras.
    pub(crate) fn new(switches: Vec<Switch>) -> Self {
        Self(switches.into())
    }

    /// Returns each camera's name with what it does wrong.
    pub(crate) fn all(&self) -> Vec<(String, Fault)> {
        self.0.iter().map(|switch| (switch.name.clone(), *lock(&switch.on))).collect()
    }

    /// Switches a camera's fault.
    pub(crate) fn set(&self, camera: &str, fault: Fault) -> Result<(), FaultError> {
        let no_camera = || FaultError::NoCamera { name: camera.to_owned() };
        self.0.iter().find(|switch| switch.name == camera).ok_or_else(no_camera)?.set(fault)
    }
}

impl Switch {
    fn set(&self, fault: Fault) -> Result<(), FaultError> {
        let no_other = |how| FaultError::NoOther { name: self.name.clone(), how };
        let shown = match fault {
            Fault::LosePackets { percent } if percent > 100 => {
                return Err(FaultError::Percent { percent });
            }
            Fault::ResolutionChange => {
                self.same.as_ref().ok_or_else(|| no_other("as its main one"))?
            }
            Fault::CodecChange => {
                self.unlike.as_ref().ok_or_else(|| no_other("in the other codec"))?
            }
            _ => &self.main,
        };
        let mut on = lock(&self.on);
        let [main, sub] = &self.media;
        main.pictures.set_fault(fault, shown);
        for stream in main.sound.iter().chain(sub.streams()) {
            stream.set_fault(fault, &stream.reel());
        }
        *on = fault;
        tracing::info!(camera = self.name, ?fault, "fault switched");
        Ok(())
    }
}
