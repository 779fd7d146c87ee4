// The reading part of `data clean` and `data dedup`: cleans all documents and adds them to the
// search for duplicates. It saves from time to time, so that a killed run can be resumed.
#pragma once

#include "clean/clean.h"
#include "clean/dedup.h"

namespace seekling {

// clean: null where documents are only deduplicated. Says on stderr now and then how far it is.
// False if it was interrupted (system/interrupt.h): what is done is saved.
bool read_documents(DocumentReader& reader, Clean* clean, Dedup& dedup, CleanOutput& out,
                    double save_every);

}  // namespace seekling
