//! Which files hold records: those that are named, and all in the folders and buckets that are.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::bucket::{self, Address, Object};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};

/// A file is stored some minutes after its records, in the folder of that day.
const LATE: TimeDelta = TimeDelta::days(1);
/// Folders of CloudTrail's own that hold no records.
const NO_RECORDS: [&str; 3] = ["CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated"];
/// How the name of CloudTrail's folders of records begins.
const RECORDS: &str = "CloudTrail";

/// What of a trail's folders is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// From which moment; open if `None`.
    pub from: Option<DateTime<Utc>>,
    /// Until which.
    pub to: Option<DateTime<Utc>>,
    /// From which regions; from all if empty.
    pub regions: Vec<String>,
}

/// A place with records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// A file, or standard input for `-`.
    File(PathBuf),
    /// An object in a bucket.
    Object(Object),
}

impl Source {
    /// Its path or address.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Object(object) => object.name(),
        }
    }
}

/// The files that were found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Files {
    /// In the order of their paths.
    pub found: Vec<Source>,
    /// Folders and names that could not be read, and why.
    pub unreadable: Vec<(String, io::Error)>,
    /// Folders of another day or region, or without records.
    pub passed: usize,
}

/// Looks for them. Objects that are in `cache` already are files there.
///
/// # Errors
///
/// If a bucket is named and there are no credentials.
pub fn list(paths: &[PathBuf], cache: Option<&Path>, wanted: &Wanted) -> anyhow::Result<Files> {
    let mut files = Files::default();
    let mut seen = HashSet::new();
    for path in paths {
        if let Some(address) = path.to_str().and_then(Address::read) {
            bucket::list(&address, cache, wanted, &mut files)?;
        } else if path.as_os_str() == "-" {
            files.found.push(Source::File(path.clone()));
        } else {
            files.add(path, wanted, &mut seen);
        }
    }
    Ok(files)
}

impl Files {
    fn add(&mut self, path: &Path, wanted: &Wanted, seen: &mut HashSet<PathBuf>) {
        let is_folder = match fs::metadata(path) {
            Ok(about) => about.is_dir(),
            Err(error) => return self.unreadable.push((path.display().to_string(), error)),
        };
        if !is_folder {
            return self.found.push(Source::File(path.to_owned()));
        }
        if !wanted.holds(path) {
            self.passed += 1;
            return;
        }
        // A link may lead back to a folder above.
        match fs::canonicalize(path) {
            Ok(folder) => {
                if !seen.insert(folder) {
                    return;
                }
            }
            Err(error) => return self.unreadable.push((path.display().to_string(), error)),
        }
        let entries =
            fs::read_dir(path).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>());
        match entries {
            Ok(mut entries) => {
                entries.sort();
                for entry in &entries {
                    self.add(entry, wanted, seen);
                }
            }
            Err(error) => self.unreadable.push((path.display().to_string(), error)),
        }
    }
}

impl Wanted {
    /// Whether a folder can hold what is wanted, by CloudTrail's own names: `…/CloudTrail/us-east-1/2026/03/02` (CloudTrail user guide, "Finding your
    /// CloudTrail log files").
    pub fn holds(&self, folder: &Path) -> bool {
        if folder.iter().filter_map(|name| name.to_str()).any(|name| NO_RECORDS.contains(&name)) {
            return false;
        }
        let Some(below) = below(folder) else {
            return true;
        };
        if let Some(region) = below.first()
            && !self.regions.is_empty()
            && !self.regions.iter().any(|wanted| wanted == region)
        {
            return false;
        }
        let (Some(from), Some(to)) = (first_day(&below), last_day(&below)) else {
            return true;
        };
        self.from.is_none_or(|wanted| to >= wanted.date_naive()) && self.to.is_none_or(|wanted| from <= (wanted + LATE).date_naive())
    }
}

impl Wanted {
    /// Whether keys that begin like this are of one region of a trail.
    pub fn is_in_a_region(prefix: &str) -> bool {
        prefix.rsplit_once('/').and_then(|(folder, _)| below(Path::new(folder))).is_some_and(|below| !below.is_empty())
    }

    /// What the keys in the folder of a trail's region begin behind, if what comes first is not wanted.
    pub fn first_key(&self, folder: &str) -> Option<String> {
        let below = below(Path::new(folder))?;
        let from = self.from.filter(|_| below.len() == 1)?;
        Some(format!("{}/{}", folder.trim_end_matches('/'), from.format("%Y/%m/%d")))
    }

    /// Whether a trail's folder is of a later day than any that is wanted.
    pub fn is_over(&self, folder: &Path) -> bool {
        let first = below(folder).and_then(|below| first_day(&below));
        self.to.zip(first).is_some_and(|(to, first)| first > (to + LATE).date_naive())
    }
}

/// The names below a trail's folder of records, which begin with a region; `None` if it is no folder of a trail's.
fn below(folder: &Path) -> Option<Vec<&str>> {
    let names: Vec<&str> = folder.iter().filter_map(|name| name.to_str()).collect();
    let trail = names.iter().rposition(|name| *name == RECORDS)?;
    Some(names.into_iter().skip(trail + 1).collect())
}

/// The first day of a folder of a year, of a month or of a day; `below` begins with its region.
fn first_day(below: &[&str]) -> Option<NaiveDate> {
    let number = |place: usize| below.get(place).map_or(Some(1), |text| text.parse().ok());
    NaiveDate::from_ymd_opt(below.get(1)?.parse().ok()?, number(2)?, number(3)?)
}

/// The last.
fn last_day(below: &[&str]) -> Option<NaiveDate> {
    let first = first_day(below)?;
    match below.len() {
        2 => first.checked_add_months(Months::new(12))?.pred_opt(),
        3 => first.checked_add_months(Months::new(1))?.pred_opt(),
        _ => Some(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(from: Option<&str>, to: Option<&str>, regions: &[&str]) -> Wanted {
        let time = |day: &str| format!("{day}T12:00:00Z").parse().unwrap();
        Wanted { from: from.map(time), to: to.map(time), regions: regions.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn folders_of_other_days_and_regions_are_not_opened() {
        let may = wanted(Some("2026-05-10"), Some("2026-05-20"), &["us-east-1"]);
        let holds = |rest: &str| may.holds(&Path::new("logs/AWSLogs/o-1/123456789012/CloudTrail").join(rest));
        for inside in
            ["", "us-east-1", "us-east-1/2026", "us-east-1/2026/05", "us-east-1/2026/05/10", "us-east-1/2026/05/21", "us-east-1/backup"]
        {
            assert!(holds(inside), "{inside}");
        }
        for outside in
            ["eu-west-1", "us-east-1/2025", "us-east-1/2026/04", "us-east-1/2026/06", "us-east-1/2026/05/09", "us-east-1/2026/05/22"]
        {
            assert!(!holds(outside), "{outside}");
        }
    }

    #[test]
    fn a_listing_of_a_region_begins_at_the_first_day_and_ends_at_the_last() {
        let may = wanted(Some("2026-05-10"), Some("2026-05-20"), &[]);
        let region = "AWSLogs/1/CloudTrail/us-east-1/";
        assert_eq!(may.first_key(region).as_deref(), Some("AWSLogs/1/CloudTrail/us-east-1/2026/05/10"));
        assert_eq!((may.first_key("AWSLogs/1/"), may.first_key(&format!("{region}2026/05/"))), (None, None));
        assert!(
            Wanted::is_in_a_region(region)
                && Wanted::is_in_a_region(&format!("{region}2026/0"))
                && !Wanted::is_in_a_region("AWSLogs/1/CloudTrail/us")
        );
        let is_over = |day: &str| may.is_over(&Path::new(region).join(day));
        assert_eq!((is_over("2026/05/21"), is_over("2026/05/22"), is_over("2027/01/01"), is_over("")), (false, true, true, false));
    }

    #[test]
    fn digests_and_insights_hold_no_records() {
        let any = wanted(None, None, &[]);
        assert!(!any.holds(Path::new("AWSLogs/1/CloudTrail-Digest")) && !any.holds(Path::new("AWSLogs/1/CloudTrail-Insight")));
        assert!(any.holds(Path::new("AWSLogs/1/CloudTrail/us-east-1/2026/05/10")) && any.holds(Path::new("/home/ann/CloudTrail")));
    }
}
