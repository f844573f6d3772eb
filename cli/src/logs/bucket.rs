//! Buckets of S3: which objects hold records, and their bytes.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Seek as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::SyncSender;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use futures_util::stream::{self, StreamExt as _};
use remedy::{AwsCall, Named as _};

use super::files::{Files, Source, Wanted};

/// What a bucket is called by.
const SCHEME: &str = "s3://";
/// How S3 says where a bucket is, in whatever answer (S3 API reference, `HeadBucket`).
const REGION: &str = "x-amz-bucket-region";
/// The folder of a trail's files (CloudTrail user guide, "Finding your CloudTrail log files").
const LOGS: &str = "AWSLogs/";
/// As many folders are listed, and as many objects fetched, at once.
const AT_ONCE: usize = 16;

/// A bucket, or what of it has keys that begin like this.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Address {
    pub bucket: String,
    /// Empty for all.
    pub prefix: String,
}

/// An object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    pub bucket: String,
    pub key: String,
    /// In bytes.
    pub size: u64,
}

impl Address {
    /// Reads `s3://bucket/prefix`; `None` if it is no such address.
    pub fn read(text: &str) -> Option<Self> {
        let (bucket, prefix) = text.strip_prefix(SCHEME)?.split_once('/').unwrap_or((text.strip_prefix(SCHEME)?, ""));
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl Object {
    /// Its address.
    pub fn name(&self) -> String {
        format!("{SCHEME}{}/{}", self.bucket, self.key)
    }
}

/// The number of an object among all sources, and a file with its bytes or why there is none.
pub type Fetched = (usize, io::Result<File>);

/// A bucket, where it is.
pub struct Bucket {
    client: Client,
    name: String,
    /// Where objects are kept that were fetched once.
    cache: Option<PathBuf>,
}

impl Bucket {
    /// The bucket of this name, with the credentials of the environment.
    pub async fn open(name: &str, cache: Option<&Path>) -> anyhow::Result<Self> {
        let config = crate::live::caller()?.config("S3");
        // A stand-in for S3 has no host for each bucket.
        let path_style = config.endpoint_url().is_some();
        let client = |region: Option<String>| {
            let mut builder = aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style);
            builder.set_region(region.map(Region::new).or_else(|| config.region().cloned()));
            Client::from_conf(builder.build())
        };
        let region = match client(None).head_bucket().bucket(name).send().await {
            Ok(answer) => answer.bucket_region,
            // S3 says where it is even to whoever must not see it.
            Err(SdkError::ServiceError(answer)) => answer.raw().headers().get(REGION).map(str::to_owned),
            Err(_) => None,
        };
        Ok(Self { client: client(region), name: name.to_owned(), cache: cache.map(Path::to_owned) })
    }

    /// Lists what is wanted of the objects whose keys begin like this. Down to the folders of regions several are listed at once; below, a listing begins at
    /// the first day that is wanted and ends at the last.
    pub async fn list(&self, prefix: &str, wanted: &Wanted, files: &mut Files) {
        let mut folders = vec![prefix.to_owned()];
        while !folders.is_empty() {
            let listed: Vec<_> = stream::iter(std::mem::take(&mut folders))
                .map(async |folder| {
                    let listed = self.folder(&folder, wanted).await;
                    (folder, listed)
                })
                .buffered(AT_ONCE)
                .collect()
                .await;
            for (folder, listed) in listed {
                match listed {
                    Ok(listed) => {
                        files.passed += listed.passed;
                        files.found.extend(listed.objects.into_iter().map(|object| self.source(object)));
                        folders.extend(listed.folders);
                    }
                    Err(call) => files.unreadable.push((format!("{SCHEME}{}/{folder}", self.name), io::Error::other(call))),
                }
            }
        }
    }

    /// What is in a folder. In a region of a trail, and in a tree that is no trail's, everything below it.
    async fn folder(&self, folder: &str, wanted: &Wanted) -> Result<Listed, AwsCall> {
        let mut goes_down = !Wanted::is_in_a_region(folder);
        let mut listed = Listed::default();
        let mut token = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.name).prefix(folder).set_continuation_token(token);
            let request = if goes_down { request.delimiter("/") } else { request.set_start_after(wanted.first_key(folder)) };
            let page = request.send().await.named("s3:ListBucket of", &format_args!("{SCHEME}{}/{folder}", self.name))?;
            let below = || page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
            if goes_down && !folder.contains(LOGS) && below().next().is_some() && !below().any(|below| below.ends_with(LOGS)) {
                // This tree is no trail's.
                (goes_down, listed, token) = (false, Listed::default(), None);
                continue;
            }
            for below in below() {
                if wanted.holds(Path::new(below)) { listed.folders.push(below.to_owned()) } else { listed.passed += 1 }
            }
            let is_over = listed.add(&self.name, &page, wanted);
            token = page.next_continuation_token.filter(|_| !is_over);
            if token.is_none() {
                return Ok(listed);
            }
        }
    }

    /// Where its bytes are: those of an object that was fetched before are in the cache.
    fn source(&self, object: Object) -> Source {
        let kept = self.cache.as_deref().and_then(|cache| kept_at(cache, &object));
        let is_kept = |path: &PathBuf| fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == object.size);
        kept.filter(is_kept).map_or(Source::Object(object), Source::File)
    }

    /// A file with the bytes of an object: one in the cache, or one without a name.
    async fn fetch(&self, object: &Object) -> io::Result<File> {
        let answer = self.client.get_object().bucket(&object.bucket).key(&object.key).send().await;
        let mut body = answer.named("s3:GetObject on", &object.name()).map_err(io::Error::other)?.body;
        let kept = self.cache.as_deref().and_then(|cache| kept_at(cache, object));
        let folder = kept.as_deref().and_then(Path::parent);
        // It has its name once it is whole: whatever interrupts this, the next run fetches it again.
        let mut file = match folder {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                tempfile::NamedTempFile::new_in(folder)?
            }
            None => tempfile::NamedTempFile::new()?,
        };
        while let Some(chunk) = body.next().await {
            file.write_all(&chunk.map_err(io::Error::other)?)?;
        }
        let mut file = match kept {
            Some(path) => file.persist(path).map_err(|error| error.error)?,
            None => file.into_file(),
        };
        file.rewind()?;
        Ok(file)
    }
}

/// What a folder of a bucket holds.
#[derive(Default)]
struct Listed {
    objects: Vec<Object>,
    /// Folders that are still to be listed.
    folders: Vec<String>,
    /// Folders that are not wanted.
    passed: usize,
    /// The folder of the last object that was not.
    last_passed: Option<PathBuf>,
}

impl Listed {
    /// Adds the objects of a page. True if none of the pages after it is wanted.
    fn add(&mut self, bucket: &str, page: &ListObjectsV2Output, wanted: &Wanted) -> bool {
        for object in page.contents() {
            let (Some(key), size) = (object.key(), object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default()) else {
                continue;
            };
            let folder = Path::new(key).parent().unwrap_or_else(|| Path::new(""));
            if wanted.is_over(folder) {
                return true;
            }
            if !wanted.holds(folder) {
                if self.last_passed.as_deref() != Some(folder) {
                    self.passed += 1;
                    self.last_passed = Some(folder.to_owned());
                }
            } else if size > 0 {
                self.objects.push(Object { bucket: bucket.to_owned(), key: key.to_owned(), size });
            }
        }
        false
    }
}

/// Where an object is kept; `None` if its key is no path below the cache.
fn kept_at(cache: &Path, object: &Object) -> Option<PathBuf> {
    let path = Path::new(&object.bucket).join(&object.key);
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| cache.join(path))
}

/// Fetches objects, several at once and in their order, for whoever takes them. Ends early if nobody does.
pub fn fetch(objects: &[(usize, Object)], cache: Option<&Path>, to: &SyncSender<Fetched>) -> anyhow::Result<()> {
    crate::live::runtime()?.block_on(async {
        let mut buckets = HashMap::new();
        for (_, Object { bucket, .. }) in objects {
            if !buckets.contains_key(bucket) {
                buckets.insert(bucket, Bucket::open(bucket, cache).await?);
            }
        }
        let wanted = objects.iter().filter_map(|(number, object)| Some((*number, object, buckets.get(&object.bucket)?)));
        let mut fetched = stream::iter(wanted).map(async |(number, object, bucket)| (number, bucket.fetch(object).await)).buffered(AT_ONCE);
        while let Some(one) = fetched.next().await {
            if to.send(one).is_err() {
                break;
            }
        }
        Ok(())
    })
}

/// Lists a bucket.
pub fn list(address: &Address, cache: Option<&Path>, wanted: &Wanted, files: &mut Files) -> anyhow::Result<()> {
    crate::live::runtime()?.block_on(async {
        Bucket::open(&address.bucket, cache).await?.list(&address.prefix, wanted, files).await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_bucket_and_how_the_keys_begin() {
        let read = |text: &str| Address::read(text).map(|Address { bucket, prefix }| (bucket, prefix));
        let is = |bucket: &str, prefix: &str| Some((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(read("s3://logs"), is("logs", ""));
        assert_eq!(read("s3://logs/AWSLogs/1/"), is("logs", "AWSLogs/1/"));
        for no_address in ["logs", "s3:/logs", "s3://", "s3:///AWSLogs", "https://logs"] {
            assert_eq!(read(no_address), None, "{no_address}");
        }
    }

    #[test]
    fn no_key_leads_out_of_the_cache() {
        let kept = |key: &str| kept_at(Path::new("/cache"), &Object { bucket: "logs".to_owned(), key: key.to_owned(), size: 1 });
        assert_eq!(kept("AWSLogs/1/a.json.gz"), Some(PathBuf::from("/cache/logs/AWSLogs/1/a.json.gz")));
        for key in ["../a", "a/../../../b", "/etc/passwd"] {
            assert_eq!(kept(key), None, "{key}");
        }
    }
}
