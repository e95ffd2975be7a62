//! What kind of place a site is.

use crate::words::words;

words! {
    /// What kind of place a site is, as the city's plan for cameras lists them.
    SiteCategory {
        /// An important target of national security.
        NationalSecurityTarget = "national_security_target",
        /// A work that stands for the city.
        SymbolicWork = "symbolic_work",
        /// A historic relic.
        HistoricRelic = "historic_relic",
        /// A scenic site.
        ScenicSite = "scenic_site",
        /// A junction.
        Junction = "junction",
        /// A route of traffic.
        TrafficRoute = "traffic_route",
        /// A public place.
        PublicPlace = "public_place",
        /// A place of entertainment.
        Entertainment = "entertainment",
        /// A railway station.
        RailwayStation = "railway_station",
        /// A bus station.
        BusStation = "bus_station",
        /// An airport.
        Airport = "airport",
        /// A market.
        Market = "market",
        /// A supermarket.
        Supermarket = "supermarket",
        /// A hotel.
        Hotel = "hotel",
        /// An industrial zone.
        IndustrialZone = "industrial_zone",
        /// A bank.
        Bank = "bank",
        /// Any other.
        Other = "other",
    }
}
