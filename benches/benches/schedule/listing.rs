//! Decoding a long listing and looking up its ids.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;

use bytes::Bytes;
use http::Response;
use serde::Deserialize;
use typless::wire::{AwaitingResponse, ExtractionId};
use typless_benches::noise::Noise;

use crate::jobs::{Jobs, id};
use crate::shipped::id_index::IdIndex;

/// A listing, and the jobs it is looked up in: ours and a user's.
pub(crate) struct Case {
    pub(crate) response: Response<Bytes>,
    pub(crate) jobs: Jobs,
    map: HashMap<String, u32>,
}

impl Case {
    /// `count` jobs, and a shuffled listing of as many ids. Every id belongs to a job if `known`,
    /// else none does.
    pub(crate) fn new(count: usize, known: bool) -> Self {
        let mut noise = Noise::new(1);
        let ids: Vec<String> = (0..count).map(|number| id(&mut noise, number)).collect();
        let mut listed: Vec<String> = if known {
            ids.clone()
        } else {
            (0..count).map(|number| id(&mut noise, number)).collect()
        };
        for last in (1..listed.len()).rev() {
            listed.swap(last, noise.next_below(last as u64 + 1) as usize);
        }
        let body = format!(r#"{{"extraction_ids":["{}"]}}"#, listed.join(r#"",""#));
        let jobs = Jobs::new(ids.iter().filter_map(|id| ExtractionId::new(id).ok()));
        let map = ids.into_iter().zip(0..).collect();
        Self {
            response: Response::new(Bytes::from(body)),
            jobs,
            map,
        }
    }

    /// Ours: the number of listed ids that are known, and the sum of their slots.
    pub(crate) fn ours(&self) -> Result<(usize, u64), Box<dyn Error>> {
        let (mut found, mut waiting) = ((0, 0), Vec::with_capacity(IdIndex::TOGETHER));
        AwaitingResponse::for_each_id(&self.response, |id| {
            waiting.push(id);
            if waiting.len() == IdIndex::TOGETHER {
                self.look_up(&waiting, &mut found);
                waiting.clear();
            }
        })?;
        self.look_up(&waiting, &mut found);
        Ok(found)
    }

    fn look_up(&self, ids: &[Cow<'_, str>], found: &mut (usize, u64)) {
        let is_it = |slot, id: &str| {
            self.jobs
                .slab
                .at(slot)
                .is_some_and(|(_, job)| job.id.as_bytes() == id.as_bytes())
        };
        let fetch = |slots: &[u32]| {
            self.jobs
                .slab
                .fetch(slots, |job| job.id.as_bytes().last().copied());
        };
        for slot in self
            .jobs
            .index
            .find_together(ids, fetch, is_it)
            .into_iter()
            .flatten()
        {
            *found = (found.0 + 1, found.1 + u64::from(slot));
        }
    }

    /// As a user writes it: owned strings, and the standard library's map.
    pub(crate) fn by_hand(&self) -> Result<(usize, u64), Box<dyn Error>> {
        #[derive(Deserialize)]
        struct Listing {
            extraction_ids: Vec<String>,
        }
        let listing: Listing = serde_json::from_slice(self.response.body())?;
        Ok(self.count(
            listing
                .extraction_ids
                .iter()
                .filter_map(|id| self.map.get(id)),
        ))
    }

    /// As a careful user writes it: borrowed strings.
    pub(crate) fn by_hand_borrowed(&self) -> Result<(usize, u64), Box<dyn Error>> {
        #[derive(Deserialize)]
        struct Listing<'a> {
            #[serde(borrow)]
            extraction_ids: Vec<&'a str>,
        }
        let listing: Listing<'_> = serde_json::from_slice(self.response.body())?;
        Ok(self.count(
            listing
                .extraction_ids
                .iter()
                .filter_map(|id| self.map.get(*id)),
        ))
    }

    fn count<'a>(&self, slots: impl Iterator<Item = &'a u32>) -> (usize, u64) {
        slots.fold((0, 0), |(count, sum), slot| {
            (count + 1, sum + u64::from(*slot))
        })
    }
}
