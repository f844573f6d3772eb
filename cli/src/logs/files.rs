//! Which files hold records: those that are named, and all in the folders that are.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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

/// The files that were found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Files {
    /// In the order of their paths.
    pub found: Vec<PathBuf>,
    /// Folders and names that could not be read, and why.
    pub unreadable: Vec<(PathBuf, io::Error)>,
    /// Folders of another day or region, or without records.
    pub passed: usize,
}

/// Looks for them.
pub fn list(paths: &[PathBuf], wanted: &Wanted) -> Files {
    let mut files = Files::default();
    let mut seen = HashSet::new();
    for path in paths {
        if path.as_os_str() == "-" { files.found.push(path.clone()) } else { files.add(path, wanted, &mut seen) }
    }
    files
}

impl Files {
    fn add(&mut self, path: &Path, wanted: &Wanted, seen: &mut HashSet<PathBuf>) {
        let is_folder = match fs::metadata(path) {
            Ok(about) => about.is_dir(),
            Err(error) => return self.unreadable.push((path.to_owned(), error)),
        };
        if !is_folder {
            return self.found.push(path.to_owned());
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
            Err(error) => return self.unreadable.push((path.to_owned(), error)),
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
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }
}

impl Wanted {
    /// Whether a folder can hold what is wanted, by CloudTrail's own names: `…/CloudTrail/us-east-1/2026/03/02` (CloudTrail user guide, "Finding your
    /// CloudTrail log files").
    fn holds(&self, folder: &Path) -> bool {
        let names: Vec<&str> = folder.iter().filter_map(|name| name.to_str()).collect();
        if names.last().is_some_and(|last| NO_RECORDS.contains(last)) {
            return false;
        }
        let Some(trail) = names.iter().rposition(|name| *name == RECORDS) else {
            return true;
        };
        let below: Vec<&str> = names.into_iter().skip(trail + 1).collect();
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
    fn digests_and_insights_hold_no_records() {
        let any = wanted(None, None, &[]);
        assert!(!any.holds(Path::new("AWSLogs/1/CloudTrail-Digest")) && !any.holds(Path::new("AWSLogs/1/CloudTrail-Insight")));
        assert!(any.holds(Path::new("AWSLogs/1/CloudTrail/us-east-1/2026/05/10")) && any.holds(Path::new("/home/ann/CloudTrail")));
    }
}
