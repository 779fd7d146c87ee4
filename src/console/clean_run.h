// The part of `data clean` and `data dedup` that reads: all documents, cleaned, put where duplicates
// are looked for. Saved now and then, so that a run that is killed can go on.
#pragma once

#include "clean/clean.h"
#include "clean/dedup.h"

namespace seekling {

// clean: null where documents are only deduplicated. Says on stderr now and then how far it is.
// False if it was interrupted (system/interrupt.h): what is done is saved.
bool read_documents(DocumentReader& reader, Clean* clean, Dedup& dedup, CleanOutput& out,
                    double save_every);

}  // namespace seekling
