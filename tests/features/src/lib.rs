//! Every feature of serde and serde_json; see the manifest.
