//! Where results go.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;

use typless::wire::ExtractionId;

use crate::arguments::FollowArguments;
use crate::failure::Failure;
use crate::folder::Folder;
use crate::raw_file;
use crate::report::{Printer, Report, print_kept};
use crate::results_file::ResultsFile;

/// Where results go.
pub(crate) enum Destination {
    /// To standard output.
    Printer(Printer),
    /// To a folder, a file for each extraction.
    Folder {
        folder: Folder,
        /// What is there already.
        written: HashSet<ExtractionId>,
    },
    /// To a file, a line for each extraction.
    File(ResultsFile),
}

impl Destination {
    /// Opens what the user named.
    pub(crate) fn open(arguments: &FollowArguments) -> Result<Self, Failure> {
        if let Some(path) = &arguments.out {
            let folder = Folder::open(path)?;
            let written = folder.written()?.into_iter().collect();
            return Ok(Self::Folder { folder, written });
        }
        if let Some(path) = &arguments.results {
            return ResultsFile::open(path).map(Self::File);
        }
        Ok(Self::Printer(Printer::new(&arguments.output)))
    }

    /// Whether the outcome of this extraction is there, from this call or an earlier one.
    pub(crate) fn has(&self, id: &ExtractionId) -> bool {
        match self {
            Self::Printer(_) => false,
            Self::Folder { written, .. } => written.contains(id),
            Self::File(file) => file.contains(id),
        }
    }

    /// Writes a report. To files it is written if it is the outcome of an extraction: what another
    /// call may change is not.
    pub(crate) fn write(&mut self, report: &Report) -> io::Result<()> {
        let place = match self {
            Self::Printer(printer) => return printer.write(report),
            _ => report.outcome_of(),
        };
        // What was written first stays: a result that is gone by now is still there.
        let Some(id) = place.filter(|id| !self.has(id)) else {
            return Ok(());
        };
        if let Some((id, bytes)) = report.raw() {
            let kept = self.keep(id, bytes);
            print_kept(id, &kept);
            kept?;
        }
        match self {
            Self::Printer(_) => Ok(()),
            Self::Folder { folder, written } => {
                folder.write(id, &report.to_json(None))?;
                written.insert(id.clone());
                Ok(())
            }
            Self::File(file) => file.append(id, &report.to_json(None)),
        }
    }

    fn keep(&self, id: &ExtractionId, bytes: &[u8]) -> io::Result<PathBuf> {
        match self {
            Self::Printer(_) => raw_file::write(std::path::Path::new("."), id, bytes),
            Self::Folder { folder, .. } => folder.keep(id, bytes),
            Self::File(file) => raw_file::write(file.folder(), id, bytes),
        }
    }
}
