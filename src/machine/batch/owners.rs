//! Names that many jobs share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::machine::job::Owner;

/// Owners without a reference of their own, so that jobs of one document type and customer share one.
#[derive(Debug, Default)]
pub(super) struct Owners {
    shared: BTreeMap<[Option<Arc<str>>; 2], Arc<Owner>>,
}

/// How many are kept; beyond that it begins anew, and nothing is lost but memory.
const MOST: usize = 1024;

impl Owners {
    /// The one that says the same, if it can be shared.
    pub(super) fn share(&mut self, owner: Arc<Owner>) -> Arc<Owner> {
        if owner.reference.is_some() {
            return owner;
        }
        if self.shared.len() >= MOST {
            self.shared.clear();
        }
        let names = [owner.document_type.clone(), owner.customer.clone()];
        self.shared.entry(names).or_insert(owner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_kept_once_and_references_apart() {
        let mut owners = Owners::default();
        let owner = |customer: &str, reference: Option<&str>| {
            Arc::new(Owner {
                document_type: Some("invoice".into()),
                customer: Some(customer.into()),
                reference: reference.map(Into::into),
            })
        };
        let one = owners.share(owner("Acme", None));
        assert!(Arc::ptr_eq(&one, &owners.share(owner("Acme", None))));
        assert_eq!(
            owners.share(owner("Other", None)).customer.as_deref(),
            Some("Other")
        );
        assert_eq!(
            owners
                .share(owner("Acme", Some("row 17")))
                .reference
                .as_deref(),
            Some("row 17")
        );
        (0..3000).for_each(|number| drop(owners.share(owner(&number.to_string(), None))));
        assert!(owners.shared.len() <= MOST);
    }
}
