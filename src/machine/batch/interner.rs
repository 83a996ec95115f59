//! Names that many jobs share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::machine::job::DocumentMeta;

/// The names of documents without a reference of their own: jobs of one document type and customer
/// share them.
#[derive(Debug, Default)]
pub(super) struct Interner {
    shared: BTreeMap<[Option<Arc<str>>; 2], Arc<DocumentMeta>>,
}

/// How many are kept; beyond that it begins again, and nothing is lost but memory.
const MAX: usize = 1024;

impl Interner {
    /// The one that says the same, if it can be shared.
    pub(super) fn share(&mut self, meta: Arc<DocumentMeta>) -> Arc<DocumentMeta> {
        if meta.reference.is_some() {
            return meta;
        }
        if self.shared.len() >= MAX {
            self.shared.clear();
        }
        let names = [meta.document_type.clone(), meta.customer.clone()];
        self.shared.entry(names).or_insert(meta).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_kept_once_and_references_apart() {
        let mut owners = Interner::default();
        let meta = |customer: &str, reference: Option<&str>| {
            Arc::new(DocumentMeta {
                document_type: Some("invoice".into()),
                customer: Some(customer.into()),
                reference: reference.map(Into::into),
            })
        };
        let one = owners.share(meta("Acme", None));
        assert!(Arc::ptr_eq(&one, &owners.share(meta("Acme", None))));
        assert_eq!(
            owners.share(meta("Other", None)).customer.as_deref(),
            Some("Other")
        );
        assert_eq!(
            owners
                .share(meta("Acme", Some("row 17")))
                .reference
                .as_deref(),
            Some("row 17")
        );
        (0..3000).for_each(|number| drop(owners.share(meta(&number.to_string(), None))));
        assert!(owners.shared.len() <= MAX);
    }
}
