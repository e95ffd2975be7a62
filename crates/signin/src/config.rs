//! `[sign_in]` of the configuration: how much is asked of whoever signs in, and how
//! long that holds.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::OidcConfig;

/// What `[sign_in]` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who must prove themselves by a second factor beside the password.
    pub second_factor: AskedOf,
    /// How long a sign-in lasts that nobody uses, in minutes.
    pub idle_min: u32,
    /// The same for administrators, who leave more open behind them.
    pub administrator_idle_min: u32,
    /// How long a sign-in lasts in any case, in hours.
    pub longest_h: u32,
    /// How long lasts what the envelope for emergencies opens, in hours.
    pub break_glass_h: u32,
    /// A list of passwords that leaked somewhere, of which none is taken: SHA-1 hashes in
    /// order, as *Have I Been Pwned* hands them out.
    pub breached_file: Option<PathBuf>,
    /// `[sign_in.oidc]`: who else may say who somebody is.
    pub oidc: Option<OidcConfig>,
}

/// Of whom something is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    /// Of whoever can let others in.
    #[default]
    Administrators,
    /// Of everybody.
    Everybody,
    /// Of nobody: who wants to may all the same.
    Nobody,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            second_factor: AskedOf::default(),
            idle_min: 12 * 60,
            administrator_idle_min: 15,
            longest_h: 7 * 24,
            break_glass_h: 4,
            breached_file: None,
            oidc: None,
        }
    }
}

impl Config {
    /// Says what of it cannot work.
    pub fn check(&self) -> Result<(), String> {
        let values = [
            ("idle_min", self.idle_min),
            ("administrator_idle_min", self.administrator_idle_min),
            ("longest_h", self.longest_h),
            ("break_glass_h", self.break_glass_h),
        ];
        for (name, value) in values {
            if !(1..=100_000).contains(&value) {
                return Err(format!("{name} = {value} cannot work; give from 1 to 100000"));
            }
        }
        match &self.oidc {
            Some(oidc) => oidc.check().map_err(|words| format!("oidc: {words}")),
            None => Ok(()),
        }
    }

    /// Returns how long a sign-in lasts that nobody uses.
    pub fn idle(&self, is_administrator: bool) -> Duration {
        let minutes = if is_administrator { self.administrator_idle_min } else { self.idle_min };
        Duration::from_secs(u64::from(minutes) * 60)
    }

    /// Returns how long a sign-in lasts in any case.
    pub fn longest(&self) -> Duration {
        Duration::from_secs(u64::from(self.longest_h) * 3600)
    }

    /// Returns how long lasts what the envelope for emergencies opens.
    pub fn break_glass(&self) -> Duration {
        Duration::from_secs(u64::from(self.break_glass_h) * 3600)
    }

    /// Returns whether a second factor is asked of somebody.
    pub fn asks(&self, is_administrator: bool) -> bool {
        match self.second_factor {
            AskedOf::Administrators => is_administrator,
            AskedOf::Everybody => true,
            AskedOf::Nobody => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_need_a_second_factor_and_are_away_for_a_quarter_of_an_hour_unless_it_is_said()
    {
        let config = Config::default();
        assert_eq!((config.asks(true), config.asks(false)), (true, false));
        assert_eq!(config.idle(true), Duration::from_secs(900));
        assert_eq!(config.idle(false), Duration::from_secs(12 * 3600));
        assert_eq!(config.check(), Ok(()));
        let words = Config { longest_h: 0, ..config }.check().unwrap_err();
        assert_eq!(words, "longest_h = 0 cannot work; give from 1 to 100000");
    }
}
