//! Civil time: days in Europe/Brussels, sets of days, and working days.
//! Always: a day is a civil date, never 86,400 seconds.

pub mod calendar;
pub mod dates;
pub mod workdays;
